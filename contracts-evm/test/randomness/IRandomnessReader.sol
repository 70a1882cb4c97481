// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev What tests call of RandomnessReader. A verdict is a number here, which fits what events say of it too.
interface IRandomnessReader {
    error WorkerNotActive(address worker);
    error WorkerWithoutKey(address worker);

    function verify(bytes memory publicKey, bytes memory alpha, bytes memory proof)
        external
        view
        returns (bool, bytes32);
    function check(bytes calldata output, bytes32 requestId, uint256 blockNumber, bytes32 keyHash)
        external
        view
        returns (uint8, bytes32);
    function alphaOf(bytes32 requestId, bytes32 blockHash) external pure returns (bytes32);
    function word(bytes32 seed, uint256 index) external pure returns (uint256);
    function below(bytes32 seed, uint256 index, uint128 bound) external pure returns (uint128);
    function registeredKey(address registry, address worker) external view returns (bytes32);
    function hashOf(uint256 blockNumber) external view returns (bytes32);
}

uint8 constant GOOD = 0;
uint8 constant WRONG_BLOCK = 1;
uint8 constant UNKNOWN_BLOCK = 2;
uint8 constant WRONG_KEY = 3;
uint8 constant INVALID_PROOF = 4;
