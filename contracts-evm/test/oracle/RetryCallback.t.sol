// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {PhatProtocol} from "../../src/libraries/PhatProtocol.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {RecordingConsumer} from "../consumers/RecordingConsumer.sol";
import {ReenteringConsumer} from "../consumers/ReenteringConsumer.sol";
import {RevertingConsumer} from "../consumers/RevertingConsumer.sol";

contract RetryCallbackTest is OracleFixture {
    RevertingConsumer private consumer;
    bytes32 private requestId;
    IPhatOracle.Request private request;
    IPhatOracle.Report private report;

    function setUp() public override {
        super.setUp();
        consumer = new RevertingConsumer(oracle);
        (requestId, request) = ask(address(consumer));
        report = okReport();
        oracle.fulfill(request, report, signed(requestId, report));
    }

    function test_RetryCallback_DeliversTheKeptAnswerOnce() public {
        consumer.setReverting(false);
        vm.expectEmit(address(oracle));
        emit IPhatOracle.CallbackRetried(requestId);
        vm.expectEmit(address(consumer));
        emit RevertingConsumer.AnswerTaken(requestId, report.outcome, report.output, report.executedAt);
        vm.prank(stranger);
        retry();
        vm.assertEq(slotOf(requestId), 0, "slot");
        vm.expectRevert(noFailedCallback(0));
        retry();
        vm.assertEq(consumer.answers(), 1, "answers");
    }

    function test_RetryCallback_PaysNobodyAgain() public {
        consumer.setReverting(false);
        retry();
        vm.assertEq(oracle.credits(payee), PAYMENT, "the payee's credit");
    }

    function test_RetryCallback_ForwardsMoreThanTheCallbackGas() public {
        // 60,000 are too little for this consumer, which needs some 130,000.
        RecordingConsumer hungry = new RecordingConsumer(oracle);
        (bytes32 id, IPhatOracle.Request memory asked) = ask(address(hungry), 60_000);
        oracle.fulfill(asked, report, signed(id, report));
        vm.assertEq(hungry.calls(), 0, "the callback ran out of gas");
        oracle.retryCallback(asked, report.outcome, report.output, report.executedAt);
        vm.assertEq(hungry.calls(), 1, "callbacks");
        vm.assertTrue(hungry.lastGas() > 60_000, "all gas is forwarded");
    }

    function test_RetryCallback_TakesAConsumerWithoutCode() public {
        vm.etch(address(consumer), "");
        retry();
        vm.assertEq(slotOf(requestId), 0, "slot");
    }

    function test_RetryCallback_RevertIf_TheCallbackReverts() public {
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.CallbackFailed.selector, requestId));
        retry();
        vm.assertEq(slotOf(requestId), keptHash(), "the answer is still kept");
    }

    function test_RetryCallback_RevertIf_TheAnswerIsAnother() public {
        consumer.setReverting(false);
        vm.expectPartialRevert(IPhatOracle.NoFailedCallback.selector);
        oracle.retryCallback(request, report.outcome + 1, report.output, report.executedAt);
        vm.expectPartialRevert(IPhatOracle.NoFailedCallback.selector);
        oracle.retryCallback(request, report.outcome, "", report.executedAt);
        vm.expectPartialRevert(IPhatOracle.NoFailedCallback.selector);
        oracle.retryCallback(request, report.outcome, report.output, report.executedAt + 1);
    }

    function test_RetryCallback_RevertIf_TheRequestIsPending() public {
        (requestId, request) = ask(address(consumer));
        vm.expectRevert(noFailedCallback(bytes32(uint256(1))));
        retry();
    }

    function test_RetryCallback_RevertIf_Expired() public {
        consumer.setReverting(false);
        uint256 lastSecond = request.expiresAt;
        vm.warp(lastSecond + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPhatOracle.RequestExpired.selector, requestId, lastSecond, lastSecond + 1)
        );
        retry();
        vm.warp(lastSecond);
        retry();
    }

    function test_RetryCallback_RevertIf_GasCantCoverTheCallback() public {
        consumer.setReverting(false);
        vm.expectPartialRevert(IPhatOracle.InsufficientGas.selector);
        oracle.retryCallback{gas: CALLBACK_GAS}(request, report.outcome, report.output, report.executedAt);
    }

    function test_RetryCallback_RevertIf_Paused() public {
        vm.prank(admin);
        oracle.pause();
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        retry();
    }

    function test_RetryCallback_RefusesToBeReentered() public {
        // Its first callback runs out of gas; in the second it tries to have the same answer delivered again.
        ReenteringConsumer greedy = new ReenteringConsumer(oracle);
        (bytes32 id, IPhatOracle.Request memory asked) = ask(address(greedy), 1_000);
        oracle.fulfill(asked, report, signed(id, report));
        greedy.plan(abi.encodeCall(oracle.retryCallback, (asked, report.outcome, report.output, report.executedAt)), 0);
        oracle.retryCallback(asked, report.outcome, report.output, report.executedAt);
        vm.assertEq(greedy.calls(), 1, "callbacks");
        vm.assertEq(
            greedy.innerResult(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
            "why the inner call failed"
        );
    }

    function retry() private {
        oracle.retryCallback(request, report.outcome, report.output, report.executedAt);
    }

    function keptHash() private view returns (bytes32) {
        return PhatProtocol.slotHash(report.outcome, keccak256(report.output), report.executedAt);
    }

    function noFailedCallback(bytes32 slot) private view returns (bytes memory) {
        return abi.encodeWithSelector(IPhatOracle.NoFailedCallback.selector, requestId, slot, keptHash());
    }
}
