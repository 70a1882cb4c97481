// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {Outcome} from "../../src/libraries/Outcome.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {RecordingConsumer} from "../consumers/RecordingConsumer.sol";

/// @dev What `fulfill` accepts and refuses, but for signatures (FulfillSignatures.t.sol) and callbacks
/// (FulfillCallback.t.sol).
contract FulfillTest is OracleFixture {
    RecordingConsumer private consumer;
    bytes32 private requestId;
    IPhatOracle.Request private request;

    function setUp() public override {
        super.setUp();
        consumer = new RecordingConsumer(oracle);
        (requestId, request) = ask(address(consumer));
    }

    function test_Fulfill_DeliversTheReport() public {
        IPhatOracle.Report memory report = okReport();
        oracle.fulfill(request, report, signed(requestId, report));
        vm.assertEq(consumer.calls(), 1, "callbacks");
        vm.assertEq(consumer.lastRequestId(), requestId, "request id");
        vm.assertEq(consumer.lastOutcome(), Outcome.OK, "outcome");
        vm.assertEq(consumer.lastOutput(), report.output, "output");
        vm.assertEq(consumer.lastExecutedAt(), report.executedAt, "executedAt");
    }

    function test_Fulfill_ClearsTheSlotAndCreditsThePayee() public {
        fulfill(requestId, request);
        vm.assertEq(slotOf(requestId), 0, "slot");
        vm.assertEq(oracle.credits(payee), PAYMENT, "the payee's credit");
        vm.assertEq(address(oracle).balance, PAYMENT, "the oracle's balance");
    }

    function test_Fulfill_EmitsRequestFulfilled() public {
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = signed(requestId, report);
        vm.expectEmit(address(oracle));
        emit IPhatOracle.RequestFulfilled(requestId, Outcome.OK, true, report.payee);
        oracle.fulfill(request, report, signatures);
    }

    function test_Fulfill_PaysThePayeeWhoeverSubmits() public {
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = signed(requestId, report);
        vm.prank(stranger);
        oracle.fulfill(request, report, signatures);
        vm.assertEq(oracle.credits(stranger), 0, "the submitter's credit");
        vm.assertEq(oracle.credits(payee), PAYMENT, "the payee's credit");
    }

    function testFuzz_Fulfill_DeliversEveryOutcomeAndOutput(uint8 outcome, bytes calldata output) public {
        IPhatOracle.Report memory report = okReport();
        report.outcome = outcome;
        report.output = output.length > MAX_OUTPUT ? output[:MAX_OUTPUT] : output;
        (bytes32 id, IPhatOracle.Request memory roomy) = ask(address(consumer), 1_000_000);
        oracle.fulfill(roomy, report, signed(id, report));
        vm.assertEq(consumer.lastOutcome(), outcome, "outcome");
        vm.assertEq(consumer.lastOutput(), report.output, "output");
    }

    /// @dev The words are hashed as they are sent: one with bits beyond its type's is another request's, or nobody's.
    function test_Fulfill_RevertIf_AFieldHasBitsBeyondItsType() public {
        IPhatOracle.Report memory report = okReport();
        bytes memory data = abi.encodeCall(oracle.fulfill, (request, report, signed(requestId, report)));
        for (uint256 field = 0; field < 10; ++field) {
            // The most significant bit of each field, after the selector.
            data[4 + 32 * field] ^= 0x80;
            (bool ok,) = address(oracle).call(data);
            vm.assertTrue(!ok, "another word is another request");
            data[4 + 32 * field] ^= 0x80;
        }
        vm.assertEq(slotOf(requestId), bytes32(uint256(1)), "still pending");
        (bool untouched,) = address(oracle).call(data);
        vm.assertTrue(untouched, "the words as they were");
    }

    function test_Fulfill_RevertIf_AnsweredAlready() public {
        fulfill(requestId, request);
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = signed(requestId, report);
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.RequestNotPending.selector, requestId, bytes32(0)));
        oracle.fulfill(request, report, signatures);
    }

    function test_Fulfill_RevertIf_Cancelled() public {
        vm.warp(request.expiresAt + 1);
        oracle.cancel(request);
        expectRefusal(okReport(), abi.encodeWithSelector(IPhatOracle.RequestNotPending.selector, requestId, bytes32(0)));
    }

    function test_Fulfill_RevertIf_AnyFieldOfTheRequestDiffers() public {
        for (uint256 field = 0; field < 10; ++field) {
            IPhatOracle.Request memory altered = alter(request, field);
            bytes32 alteredId = oracle.requestIdOf(altered);
            vm.assertTrue(alteredId != requestId, "every field is in the id");
            IPhatOracle.Report memory report = okReport();
            bytes[] memory signatures = signed(alteredId, report);
            vm.expectRevert(abi.encodeWithSelector(IPhatOracle.RequestNotPending.selector, alteredId, bytes32(0)));
            oracle.fulfill(altered, report, signatures);
        }
    }

    function test_Fulfill_RevertIf_Expired() public {
        uint256 lastSecond = request.expiresAt;
        vm.warp(lastSecond + 1);
        expectRefusal(
            okReport(),
            abi.encodeWithSelector(IPhatOracle.RequestExpired.selector, requestId, lastSecond, lastSecond + 1)
        );
        vm.warp(lastSecond);
        fulfill(requestId, request);
    }

    function test_Fulfill_RevertIf_ExecutedMoreThan300SecondsAhead() public {
        IPhatOracle.Report memory report = okReport();
        report.executedAt = uint64(block.timestamp) + 301;
        expectRefusal(
            report,
            abi.encodeWithSelector(IPhatOracle.ExecutedInFuture.selector, requestId, report.executedAt, block.timestamp)
        );
        report.executedAt = uint64(block.timestamp) + 300;
        oracle.fulfill(request, report, signed(requestId, report));
    }

    function test_Fulfill_RevertIf_OutputIsLongerThanMaxOutput() public {
        IPhatOracle.Report memory report = okReport();
        report.output = new bytes(MAX_OUTPUT + 1);
        expectRefusal(
            report, abi.encodeWithSelector(IPhatOracle.OutputTooLarge.selector, requestId, MAX_OUTPUT + 1, MAX_OUTPUT)
        );
        report.output = new bytes(MAX_OUTPUT);
        oracle.fulfill(request, report, signed(requestId, report));
    }

    function test_Fulfill_RevertIf_PayeeIsZero() public {
        IPhatOracle.Report memory report = okReport();
        report.payee = 0;
        expectRefusal(report, abi.encodeWithSelector(IPhatOracle.InvalidPayee.selector, requestId, report.payee));
    }

    function test_Fulfill_RevertIf_PayeeIsNoAddress() public {
        IPhatOracle.Report memory report = okReport();
        report.payee |= bytes32(uint256(1) << 160);
        expectRefusal(report, abi.encodeWithSelector(IPhatOracle.InvalidPayee.selector, requestId, report.payee));
    }

    function test_Fulfill_RevertIf_Paused() public {
        vm.prank(admin);
        oracle.pause();
        expectRefusal(okReport(), abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        vm.prank(admin);
        oracle.unpause();
        fulfill(requestId, request);
    }

    function test_Fulfill_RevertIf_TheReportIsForAnotherOracle() public {
        IPhatOracle other = deployOracle(initialSettings(1));
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = signature(firstKey, other.reportDigest(requestId, report));
        vm.expectPartialRevert(IPhatOracle.InactiveSigner.selector);
        oracle.fulfill(request, report, signatures);
    }

    function test_Fulfill_RevertIf_TheChainIdIsAnother() public {
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = signed(requestId, report);
        vm.chainId(1);
        vm.expectPartialRevert(IPhatOracle.RequestNotPending.selector);
        oracle.fulfill(request, report, signatures);
    }

    function expectRefusal(IPhatOracle.Report memory report, bytes memory reason) private {
        bytes[] memory signatures = signed(requestId, report);
        vm.expectRevert(reason);
        oracle.fulfill(request, report, signatures);
    }

    /// @dev A copy with one of the ten fields changed.
    function alter(IPhatOracle.Request memory original, uint256 field)
        private
        pure
        returns (IPhatOracle.Request memory altered)
    {
        altered = abi.decode(abi.encode(original), (IPhatOracle.Request));
        if (field == 0) altered.sequence += 1;
        if (field == 1) altered.parentHash ^= bytes32(uint256(1));
        if (field == 2) altered.consumer = address(uint160(altered.consumer) ^ 1);
        if (field == 3) altered.contractId ^= bytes32(uint256(1));
        if (field == 4) altered.minRevision -= 1;
        if (field == 5) altered.payloadHash ^= bytes32(uint256(1));
        if (field == 6) altered.callbackGasLimit -= 1;
        if (field == 7) altered.maxOutput += 1;
        if (field == 8) altered.expiresAt += 1;
        if (field == 9) altered.payment += 1;
    }
}
