// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {RandomnessReader} from "../consumers/RandomnessReader.sol";
import {VectorFile} from "../base/VectorFile.sol";
import {IRandomnessReader} from "./IRandomnessReader.sol";

contract EcvrfTest is VectorFile {
    // The order of the group.
    uint256 private constant N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;

    IRandomnessReader private reader;

    function setUp() public override {
        super.setUp();
        reader = IRandomnessReader(address(new RandomnessReader()));
    }

    function test_Verify_TakesTheVectors() public view {
        uint256 count = countOf("ecvrf");
        for (uint256 i = 0; i < count; ++i) {
            string memory key = entry("ecvrf", i);
            (bool ok, bytes32 output) = reader.verify(data(key, ".publicKey"), data(key, ".alpha"), data(key, ".proof"));
            vm.assertTrue(ok, key);
            vm.assertEq(output, word(key, ".output"), key);
        }
    }

    function test_Verify_RefusesAProofWithAnyByteChanged() public view {
        (bytes memory publicKey, bytes memory alpha, bytes memory proof) = sample();
        for (uint256 i = 0; i < proof.length; ++i) {
            proof[i] ^= 0x01;
            expectRefused(publicKey, alpha, proof);
            proof[i] ^= 0x01;
        }
        (bool ok,) = reader.verify(publicKey, alpha, proof);
        vm.assertTrue(ok, "unchanged it holds");
    }

    function testFuzz_Verify_RefusesOtherScalars(uint128 c, uint256 s) public view {
        (bytes memory publicKey, bytes memory alpha, bytes memory proof) = sample();
        expectRefused(publicKey, alpha, bytes.concat(gammaOf(proof), bytes16(c), bytes32(s)));
    }

    function test_Verify_RefusesScalarsAtTheirEnds() public view {
        (bytes memory publicKey, bytes memory alpha, bytes memory proof) = sample();
        bytes memory gamma = gammaOf(proof);
        // With zeros both sums are the identity, which has no encoding; 1 and N - 1 double and cancel points on the way.
        uint256[5] memory scalars = [uint256(0), 1, N - 1, N, type(uint256).max];
        for (uint256 i = 0; i < scalars.length; ++i) {
            expectRefused(publicKey, alpha, bytes.concat(gamma, bytes16(0), bytes32(scalars[i])));
            expectRefused(publicKey, alpha, bytes.concat(gamma, bytes16(uint128(1)), bytes32(scalars[i])));
            expectRefused(publicKey, alpha, bytes.concat(gamma, bytes16(type(uint128).max), bytes32(scalars[i])));
        }
    }

    function test_Verify_RefusesAnotherInputAndAnotherKey() public view {
        (bytes memory publicKey, bytes memory alpha, bytes memory proof) = sample();
        expectRefused(publicKey, bytes.concat(alpha, hex"00"), proof);
        expectRefused(data(entry("ecvrf", 2), ".publicKey"), alpha, proof);
        publicKey[0] ^= 0x01;
        expectRefused(publicKey, alpha, proof);
    }

    function test_Verify_RefusesWhatIsNoPoint() public view {
        (bytes memory publicKey, bytes memory alpha, bytes memory proof) = sample();
        bytes32 x = wordAt(publicKey, 1);
        expectRefused(abi.encodePacked(uint8(4), x), alpha, proof);
        expectRefused(abi.encodePacked(uint8(5), x), alpha, proof);
        expectRefused(abi.encodePacked(uint8(0), x), alpha, proof);
        // Not below the prime; and x = 1, for which there is no y.
        expectRefused(abi.encodePacked(uint8(2), type(uint256).max), alpha, proof);
        expectRefused(abi.encodePacked(uint8(2), uint256(1)), alpha, proof);
    }

    function test_Verify_RefusesOtherLengths() public view {
        (bytes memory publicKey, bytes memory alpha, bytes memory proof) = sample();
        expectRefused("", alpha, proof);
        expectRefused(bytes.concat(publicKey, hex"00"), alpha, proof);
        expectRefused(publicKey, alpha, "");
        expectRefused(publicKey, alpha, bytes.concat(proof, hex"00"));
    }

    function expectRefused(bytes memory publicKey, bytes memory alpha, bytes memory proof) private view {
        (bool ok, bytes32 output) = reader.verify(publicKey, alpha, proof);
        vm.assertTrue(!ok, "a proof that proves nothing");
        vm.assertEq(output, bytes32(0), "no output");
    }

    /// @dev The first vector: RFC 9381's example 10.
    function sample() private view returns (bytes memory publicKey, bytes memory alpha, bytes memory proof) {
        string memory key = entry("ecvrf", 0);
        return (data(key, ".publicKey"), data(key, ".alpha"), data(key, ".proof"));
    }

    function gammaOf(bytes memory proof) private pure returns (bytes memory) {
        return abi.encodePacked(proof[0], wordAt(proof, 1));
    }

    function wordAt(bytes memory bytes_, uint256 offset) private pure returns (bytes32 found) {
        assembly ("memory-safe") {
            found := mload(add(add(bytes_, 0x20), offset))
        }
    }
}
