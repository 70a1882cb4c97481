// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {OracleFixture} from "../base/OracleFixture.sol";

/// @dev Whose signatures make `fulfill` believe a report.
contract FulfillSignaturesTest is OracleFixture {
    // Order of the secp256k1 group (SEC 2, section 2.4.1).
    uint256 private constant GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    bytes32 private requestId;
    IPhatOracle.Request private request;

    function setUp() public override {
        super.setUp();
        (requestId, request) = ask(account("consumer"));
    }

    function test_Fulfill_TakesTwoSignaturesWhenTheThresholdIsTwo() public {
        setThreshold(2);
        IPhatOracle.Report memory report = okReport();
        oracle.fulfill(request, report, signedBy(firstKey, secondKey, requestId, report));
        vm.assertEq(slotOf(requestId), 0, "answered");
    }

    function test_Fulfill_RevertIf_SignaturesAreFewerThanTheThreshold() public {
        setThreshold(2);
        IPhatOracle.Report memory report = okReport();
        expectRefusal(
            report,
            signed(requestId, report),
            abi.encodeWithSelector(IPhatOracle.WrongSignatureCount.selector, requestId, 1, 2)
        );
    }

    function test_Fulfill_RevertIf_SignaturesAreMoreThanTheThreshold() public {
        IPhatOracle.Report memory report = okReport();
        expectRefusal(
            report,
            signedBy(firstKey, secondKey, requestId, report),
            abi.encodeWithSelector(IPhatOracle.WrongSignatureCount.selector, requestId, 2, 1)
        );
    }

    function test_Fulfill_RevertIf_NobodySigned() public {
        expectRefusal(
            okReport(),
            new bytes[](0),
            abi.encodeWithSelector(IPhatOracle.WrongSignatureCount.selector, requestId, 0, 1)
        );
    }

    function test_Fulfill_RevertIf_SignersDescend() public {
        setThreshold(2);
        IPhatOracle.Report memory report = okReport();
        expectRefusal(
            report,
            signedBy(secondKey, firstKey, requestId, report),
            abi.encodeWithSelector(IPhatOracle.SignersNotAscending.selector, requestId, 1, vm.addr(firstKey))
        );
    }

    function test_Fulfill_RevertIf_ASignerRepeats() public {
        setThreshold(2);
        IPhatOracle.Report memory report = okReport();
        expectRefusal(
            report,
            signedBy(firstKey, firstKey, requestId, report),
            abi.encodeWithSelector(IPhatOracle.SignersNotAscending.selector, requestId, 1, vm.addr(firstKey))
        );
    }

    function test_Fulfill_RevertIf_TwoSignersHaveOneOperator() public {
        setThreshold(2);
        uint256 sibling = keyOf("sibling");
        register(firstOperator, vm.addr(sibling));
        (uint256 lower, uint256 higher) = ascending(firstKey, sibling);
        IPhatOracle.Report memory report = okReport();
        expectRefusal(
            report,
            signedBy(lower, higher, requestId, report),
            abi.encodeWithSelector(IPhatOracle.SameOperator.selector, requestId, 1, vm.addr(higher))
        );
    }

    function test_Fulfill_RevertIf_SignerWasNeverRegistered() public {
        expectInactive(keyOf("nobody's worker"));
    }

    function test_Fulfill_RevertIf_SignerWasRevoked() public {
        vm.prank(admin);
        registry.revoke(vm.addr(firstKey));
        expectInactive(firstKey);
    }

    function test_Fulfill_RevertIf_SignerExpired() public {
        vm.warp(START + VALIDITY);
        (requestId, request) = ask(account("consumer"));
        vm.warp(START + VALIDITY + 1);
        expectInactive(firstKey);
        vm.warp(START + VALIDITY);
        fulfill(requestId, request);
    }

    function test_Fulfill_RevertIf_SignersCodeIsNoLongerAllowed() public {
        vm.prank(admin);
        registry.disallowPair(MEASUREMENT, CONFIG_HASH);
        expectInactive(firstKey);
    }

    function test_Fulfill_RevertIf_AnyFieldOfTheReportDiffersFromTheSigned() public {
        bytes[] memory signatures = signed(requestId, okReport());
        for (uint256 field = 0; field < 4; ++field) {
            IPhatOracle.Report memory altered = okReport();
            if (field == 0) altered.outcome = 1;
            if (field == 1) altered.output = abi.encode(uint256(12_346));
            if (field == 2) altered.executedAt -= 1;
            if (field == 3) altered.payee = bytes32(uint256(uint160(stranger)));
            // Other bytes than the signed ones recover to some other address, if to any.
            vm.expectRevert();
            oracle.fulfill(request, altered, signatures);
        }
        vm.assertEq(slotOf(requestId), bytes32(uint256(1)), "still pending");
    }

    function test_Fulfill_RevertIf_SIsHigh() public {
        IPhatOracle.Report memory report = okReport();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(firstKey, oracle.reportDigest(requestId, report));
        bytes32 highS = bytes32(GROUP_ORDER - uint256(s));
        expectInvalid(report, abi.encodePacked(r, highS, v == 27 ? uint8(28) : uint8(27)));
    }

    function test_Fulfill_RevertIf_VIsZeroOrOne() public {
        IPhatOracle.Report memory report = okReport();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(firstKey, oracle.reportDigest(requestId, report));
        expectInvalid(report, abi.encodePacked(r, s, v - 27));
    }

    function test_Fulfill_RevertIf_SignatureIsNot65Bytes() public {
        IPhatOracle.Report memory report = okReport();
        bytes memory signature = signatureOf(firstKey, requestId, report);
        expectInvalid(report, bytes.concat(signature, hex"00"));
        expectInvalid(report, "");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(firstKey, oracle.reportDigest(requestId, report));
        bytes32 vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
        expectInvalid(report, abi.encodePacked(r, vs));
    }

    function test_Fulfill_RevertIf_SignatureIsAllZeros() public {
        expectInvalid(okReport(), new bytes(65));
    }

    function testFuzz_Fulfill_RevertIf_SignatureIsArbitrary(bytes32 r, bytes32 s, bool odd) public {
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = abi.encodePacked(r, s, odd ? uint8(28) : uint8(27));
        IPhatOracle.Report memory report = okReport();
        vm.expectRevert();
        oracle.fulfill(request, report, signatures);
    }

    function expectInactive(uint256 key) private {
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = signatureOf(key, requestId, report);
        expectRefusal(
            report, signatures, abi.encodeWithSelector(IPhatOracle.InactiveSigner.selector, requestId, 0, vm.addr(key))
        );
    }

    function expectInvalid(IPhatOracle.Report memory report, bytes memory malformed) private {
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = malformed;
        expectRefusal(report, signatures, abi.encodeWithSelector(IPhatOracle.InvalidSignature.selector, requestId, 0));
    }

    function expectRefusal(IPhatOracle.Report memory report, bytes[] memory signatures, bytes memory reason) private {
        vm.expectRevert(reason);
        oracle.fulfill(request, report, signatures);
    }
}
