// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {RandomnessReader} from "../consumers/RandomnessReader.sol";
import {RegistryFixture} from "../base/RegistryFixture.sol";
import {RandomnessFixture} from "./RandomnessFixture.sol";
import {GOOD, INVALID_PROOF, IRandomnessReader, UNKNOWN_BLOCK, WRONG_BLOCK, WRONG_KEY} from "./IRandomnessReader.sol";

contract CheckTest is RandomnessFixture {
    function test_Check_TakesTheVectors() public {
        uint256 count = countOf("randomness");
        for (uint256 i = 0; i < count; ++i) {
            string memory key = entry("randomness", i);
            inBlock(key);
            expect(GOOD, key, word(key, ".requestId"));
            (, bytes32 seed) =
                reader.check(answer(key), word(key, ".requestId"), REQUEST_BLOCK, word(key, ".vrfKeyHash"));
            vm.assertEq(seed, word(key, ".output"), key);
            vm.assertEq(
                reader.alphaOf(word(key, ".requestId"), word(key, ".blockHash")), bytes32(data(key, ".alpha")), key
            );
            uint256[3] memory indices = [uint256(0), 1, 63];
            for (uint256 j = 0; j < indices.length; ++j) {
                bytes32 expected = word(key, string.concat(".words[", vm.toString(j), "]"));
                vm.assertEq(bytes32(reader.word(seed, indices[j])), expected, key);
                vm.assertEq(reader.below(seed, indices[j], 6), uint256(expected) % 6, key);
            }
        }
    }

    function test_Check_NamesABlockThatTheRequestIsNotIn() public {
        string memory key = entry("randomness", 0);
        vm.setBlockhash(REQUEST_BLOCK, keccak256("another block"));
        expect(WRONG_BLOCK, key, word(key, ".requestId"));
    }

    function test_Check_NamesAProofOfAnotherRequest() public {
        string memory key = entry("randomness", 0);
        inBlock(key);
        expect(INVALID_PROOF, key, word(entry("randomness", 1), ".requestId"));
    }

    /// @dev The relayer names another block, has a proof for that, and claims the right block in its answer.
    function test_Check_NamesAProofForAnotherBlock() public {
        string memory key = entry("randomness", 0);
        bytes32 trueHash = keccak256("the request's block");
        vm.setBlockhash(REQUEST_BLOCK, trueHash);
        bytes memory output =
            abi.encode(trueHash, address(7), data(key, ".publicKey"), data(key, ".proof"), new uint256[](0));
        expect(INVALID_PROOF, output, word(key, ".requestId"), word(key, ".vrfKeyHash"));
    }

    function test_Check_NamesATamperedProof() public {
        string memory key = entry("randomness", 0);
        inBlock(key);
        bytes memory proof = data(key, ".proof");
        proof[80] ^= 0x01;
        bytes memory output =
            abi.encode(word(key, ".blockHash"), address(7), data(key, ".publicKey"), proof, new uint256[](0));
        expect(INVALID_PROOF, output, word(key, ".requestId"), word(key, ".vrfKeyHash"));
    }

    function test_Check_NamesAnotherKey() public {
        string memory key = entry("randomness", 0);
        inBlock(key);
        expect(WRONG_KEY, answer(key), word(key, ".requestId"), keccak256("another key"));
        // Nobody's: what a registry has of a worker without a key.
        expect(WRONG_KEY, answer(key), word(key, ".requestId"), 0);
    }

    function test_Check_RevertIf_TheOutputIsNoAnswer() public {
        string memory key = entry("randomness", 0);
        inBlock(key);
        vm.expectRevert();
        reader.check("", word(key, ".requestId"), REQUEST_BLOCK, word(key, ".vrfKeyHash"));
        vm.expectRevert();
        reader.check(abi.encode(uint256(1)), word(key, ".requestId"), REQUEST_BLOCK, word(key, ".vrfKeyHash"));
    }

    function test_Check_FindsAnOldBlockInTheHistoryContract() public {
        string memory key = entry("randomness", 0);
        keepHistory();
        remember(REQUEST_BLOCK, word(key, ".blockHash"));
        vm.roll(REQUEST_BLOCK + 257);
        expect(GOOD, key, word(key, ".requestId"));
        vm.roll(REQUEST_BLOCK + 8191);
        expect(GOOD, key, word(key, ".requestId"));
        remember(REQUEST_BLOCK, keccak256("another block"));
        expect(WRONG_BLOCK, key, word(key, ".requestId"));
        vm.roll(REQUEST_BLOCK + 8192);
        expect(UNKNOWN_BLOCK, key, word(key, ".requestId"));
    }

    function test_Check_DoesNotKnowABlockThatIsOldOrNotOver() public {
        string memory key = entry("randomness", 0);
        // Without a history contract.
        vm.roll(REQUEST_BLOCK + 257);
        expect(UNKNOWN_BLOCK, key, word(key, ".requestId"));
        vm.roll(REQUEST_BLOCK);
        expect(UNKNOWN_BLOCK, key, word(key, ".requestId"));
        keepHistory();
        expect(UNKNOWN_BLOCK, key, word(key, ".requestId"));
        vm.roll(REQUEST_BLOCK - 1);
        expect(UNKNOWN_BLOCK, key, word(key, ".requestId"));
    }

    function testFuzz_Below_StaysBelow(bytes32 seed, uint256 index, uint128 most) public view {
        most = uint128(bound(most, 1, type(uint128).max));
        vm.assertTrue(reader.below(seed, index, most) < most, "below");
        vm.assertTrue(reader.word(seed, index) != reader.word(seed, index ^ 1), "words differ");
    }
}

contract RegisteredKeyTest is RegistryFixture {
    IRandomnessReader private reader;
    address private worker;

    function setUp() public override {
        super.setUp();
        reader = IRandomnessReader(address(new RandomnessReader()));
        worker = account("worker");
    }

    function test_RegisteredKey_IsAnActiveWorkers() public {
        address operator = addOperator("operator");
        register(operator, worker);
        vm.assertEq(reader.registeredKey(address(registry), worker), VRF_KEY_HASH, "key");
        vm.prank(admin);
        registry.revoke(worker);
        vm.expectRevert(abi.encodeWithSelector(IRandomnessReader.WorkerNotActive.selector, worker));
        reader.registeredKey(address(registry), worker);
    }

    function test_RegisteredKey_RevertIf_NobodyRegisteredTheWorker() public {
        vm.expectRevert(abi.encodeWithSelector(IRandomnessReader.WorkerNotActive.selector, worker));
        reader.registeredKey(address(registry), worker);
    }
}
