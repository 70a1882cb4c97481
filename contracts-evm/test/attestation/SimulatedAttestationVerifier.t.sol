// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {RegistryFixture} from "../base/RegistryFixture.sol";

contract ConstructorTest is RegistryFixture {
    function test_Constructor_TakesTheDevelopmentChains() public {
        vm.chainId(31337);
        deployVerifier(vm.addr(DEVELOPMENT_KEY));
        vm.chainId(1337);
        deployVerifier(vm.addr(DEVELOPMENT_KEY));
    }

    function testFuzz_Constructor_RevertIf_TheChainIsNoDevelopmentChain(uint64 chainId) public {
        chainId = uint64(bound(chainId, 1, type(uint64).max - 1));
        vm.assume(chainId != 31337 && chainId != 1337);
        vm.chainId(chainId);
        vm.expectRevert(abi.encodeWithSignature("NotADevelopmentChain(uint256)", chainId));
        this.deploy(vm.addr(DEVELOPMENT_KEY));
    }

    function test_Constructor_RevertIf_TheKeyIsZero() public {
        vm.expectRevert(abi.encodeWithSignature("InvalidDevelopmentKey(address)", address(0)));
        this.deploy(address(0));
    }

    function deploy(address developmentKey) external returns (IAttestationVerifier) {
        return deployVerifier(developmentKey);
    }
}

contract VerifyTest is RegistryFixture {
    function testFuzz_Verify_ReadsWhatTheDevelopmentKeySigned(bytes32 measurement, bytes32 high, bytes32 low) public {
        bytes memory reportData = bytes.concat(high, low);
        (bytes32 readMeasurement, bytes memory readReportData) =
            verifier.verify(simulatedQuote(DEVELOPMENT_KEY, measurement, reportData));
        vm.assertEq(readMeasurement, measurement, "measurement");
        vm.assertEq(readReportData, reportData, "report data");
    }

    function test_Verify_RevertIf_AnotherKeySigned() public {
        bytes memory evidence = simulatedQuote(keyOf("another key"), MEASUREMENT, new bytes(64));
        vm.expectRevert(abi.encodeWithSignature("NotSignedByDevelopmentKey(address)", vm.addr(keyOf("another key"))));
        verifier.verify(evidence);
    }

    function test_Verify_RevertIf_TheMeasurementIsNotTheSigned() public {
        (, bytes memory reportData, bytes memory signature_) = parts();
        vm.expectPartialRevert(bytes4(keccak256("NotSignedByDevelopmentKey(address)")));
        verifier.verify(abi.encode(keccak256("other"), reportData, signature_));
    }

    function test_Verify_RevertIf_TheReportDataIsNotTheSigned() public {
        (bytes32 measurement, bytes memory reportData, bytes memory signature_) = parts();
        reportData[0] ^= 0x01;
        vm.expectPartialRevert(bytes4(keccak256("NotSignedByDevelopmentKey(address)")));
        verifier.verify(abi.encode(measurement, reportData, signature_));
    }

    function test_Verify_RevertIf_TheReportDataIsNot64Bytes() public {
        bytes memory evidence = simulatedQuote(DEVELOPMENT_KEY, MEASUREMENT, new bytes(63));
        vm.expectRevert(abi.encodeWithSignature("InvalidReportDataLength(uint256)", 63));
        verifier.verify(evidence);
    }

    function test_Verify_RevertIf_TheSignatureIsMalformed() public {
        (bytes32 measurement, bytes memory reportData,) = parts();
        vm.expectRevert(abi.encodeWithSignature("ECDSAInvalidSignatureLength(uint256)", 2));
        verifier.verify(abi.encode(measurement, reportData, bytes("no")));
    }

    function test_Verify_RevertIf_TheEvidenceCantBeDecoded() public {
        vm.expectRevert();
        verifier.verify("no evidence");
        vm.expectRevert();
        verifier.verify("");
    }

    function parts() private pure returns (bytes32, bytes memory, bytes memory) {
        return abi.decode(simulatedQuote(DEVELOPMENT_KEY, MEASUREMENT, new bytes(64)), (bytes32, bytes, bytes));
    }
}
