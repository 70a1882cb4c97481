// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {RandomnessReader} from "../consumers/RandomnessReader.sol";
import {VectorFile} from "../base/VectorFile.sol";
import {IRandomnessReader} from "./IRandomnessReader.sol";

/// @title Answers of `randomness`, made of the vectors, and the hashes of blocks that they are for
abstract contract RandomnessFixture is VectorFile {
    uint256 internal constant REQUEST_BLOCK = 20_000;
    address internal constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    // EIP-2935's own code.
    bytes private constant HISTORY_CODE = hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257"
        hex"611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";

    IRandomnessReader internal reader;

    function setUp() public virtual override {
        super.setUp();
        reader = IRandomnessReader(address(new RandomnessReader()));
        vm.roll(REQUEST_BLOCK + 5);
    }

    /// @dev The block of the request has the hash that the vector says.
    function inBlock(string memory key) internal {
        vm.setBlockhash(REQUEST_BLOCK, word(key, ".blockHash"));
    }

    function answer(string memory key) internal view returns (bytes memory) {
        uint256[] memory words = new uint256[](1);
        words[0] = uint256(word(key, ".words[0]"));
        return abi.encode(word(key, ".blockHash"), address(7), data(key, ".publicKey"), data(key, ".proof"), words);
    }

    function expect(uint8 verdict, string memory key, bytes32 requestId) internal view {
        expect(verdict, answer(key), requestId, word(key, ".vrfKeyHash"));
    }

    function expect(uint8 verdict, bytes memory output, bytes32 requestId, bytes32 keyHash) internal view {
        (uint8 found, bytes32 seed) = reader.check(output, requestId, REQUEST_BLOCK, keyHash);
        vm.assertEq(found, verdict, "verdict");
        vm.assertTrue((seed != 0) == (verdict == 0), "a seed if it is good, and else none");
    }

    function keepHistory() internal {
        vm.etch(HISTORY, HISTORY_CODE);
    }

    /// @dev As the system's call of the block after it does.
    function remember(uint256 blockNumber, bytes32 blockHash) internal {
        vm.store(HISTORY, bytes32(blockNumber % 8191), blockHash);
    }
}
