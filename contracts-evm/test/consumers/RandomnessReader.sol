// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IWorkerRegistry} from "../../src/interfaces/IWorkerRegistry.sol";
import {PhatRandomness} from "../../src/PhatRandomness.sol";
import {Ecvrf} from "../../src/libraries/Ecvrf.sol";

/// @dev The libraries' functions, to be called.
contract RandomnessReader {
    function verify(bytes memory publicKey, bytes memory alpha, bytes memory proof)
        external
        view
        returns (bool, bytes32)
    {
        return Ecvrf.verify(publicKey, alpha, proof);
    }

    function check(bytes calldata output, bytes32 requestId, uint256 blockNumber, bytes32 keyHash)
        external
        view
        returns (PhatRandomness.Verdict, bytes32)
    {
        return PhatRandomness.check(output, requestId, blockNumber, keyHash);
    }

    function alphaOf(bytes32 requestId, bytes32 blockHash) external pure returns (bytes32) {
        return PhatRandomness.alpha(requestId, blockHash);
    }

    function word(bytes32 seed, uint256 index) external pure returns (uint256) {
        return PhatRandomness.word(seed, index);
    }

    function below(bytes32 seed, uint256 index, uint128 bound) external pure returns (uint128) {
        return PhatRandomness.below(seed, index, bound);
    }

    function registeredKey(IWorkerRegistry registry, address worker) external view returns (bytes32) {
        return PhatRandomness.registeredKey(registry, worker);
    }

    function hashOf(uint256 blockNumber) external view returns (bytes32) {
        return PhatRandomness.hashOf(blockNumber);
    }
}
