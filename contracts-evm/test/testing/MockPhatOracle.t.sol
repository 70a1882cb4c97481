// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {Outcome} from "../../src/libraries/Outcome.sol";
import {PhatProtocol} from "../../src/libraries/PhatProtocol.sol";
import {Test} from "../base/Test.sol";
import {RecordingConsumer} from "../consumers/RecordingConsumer.sol";
import {RevertingConsumer} from "../consumers/RevertingConsumer.sol";
import {IMockPhatOracle} from "./IMockPhatOracle.sol";

/// @dev What the mock has beyond an oracle.
contract MockPhatOracleTest is Test {
    uint256 private constant PAYMENT = 0.1 ether;

    IMockPhatOracle private oracle;
    RecordingConsumer private consumer;

    function setUp() public {
        vm.warp(1_800_000_000);
        vm.roll(1_000);
        oracle = IMockPhatOracle(vm.deployCode("MockPhatOracle.sol:MockPhatOracle", ""));
        consumer = new RecordingConsumer(oracle);
        vm.deal(address(this), 100 ether);
    }

    function test_LastRequestId_IsTheOneThatWasMadeLast() public {
        vm.assertEq(oracle.lastRequestId(), 0, "before the first");
        vm.assertEq(ask("one"), oracle.lastRequestId(), "the first");
        vm.assertEq(ask("two"), oracle.lastRequestId(), "the second");
    }

    function test_PayloadOf_IsWhatWasAsked() public {
        bytes32 one = ask("one");
        bytes32 two = ask("two");
        vm.assertEq(oracle.payloadOf(one), "one", "the first payload");
        vm.assertEq(oracle.payloadOf(two), "two", "the second payload");
    }

    function test_PayloadOf_RevertIf_NobodyAskedIt() public {
        vm.expectRevert(abi.encodeWithSelector(IMockPhatOracle.UnknownRequest.selector, bytes32(uint256(7))));
        oracle.payloadOf(bytes32(uint256(7)));
    }

    function test_RequestOf_IsWhatTheIdCommitsTo() public {
        bytes32 requestId = ask("one");
        IPhatOracle.Request memory request = oracle.requestOf(requestId);
        vm.assertEq(PhatProtocol.requestId(block.chainid, address(oracle), request), requestId, "request id");
        vm.assertEq(request.consumer, address(consumer), "consumer");
        vm.assertEq(request.payment, PAYMENT, "payment");
    }

    function test_Pending_ListsWhatIsNeitherAnsweredNorCancelled() public {
        bytes32 one = ask("one");
        bytes32 two = ask("two");
        bytes32 three = ask("three");
        expectPending(one, two, three);
        oracle.answerOk(two, "2");
        bytes32 four = ask("four");
        expectPending(one, three, four);
        vm.warp(block.timestamp + 1 days);
        bytes32 five = ask("five");
        oracle.cancel(one);
        expectPending(three, four, five);
    }

    function test_Answer_SaysWhetherTheConsumerTookIt() public {
        vm.assertTrue(oracle.answerOk(ask("one"), "1"), "taken");
        RevertingConsumer reverting = new RevertingConsumer(oracle);
        bytes32 requestId = reverting.ask{value: PAYMENT}(bytes32(0), 0, "", 100_000, 32, 1 hours);
        vm.assertTrue(!oracle.answerOk(requestId, "1"), "turned away");
        reverting.setReverting(false);
        oracle.retry(requestId);
        vm.assertEq(reverting.answers(), 1, "taken on the second try");
    }

    function test_Answer_RevertIf_NobodyAskedIt() public {
        vm.expectRevert(abi.encodeWithSelector(IMockPhatOracle.UnknownRequest.selector, bytes32(uint256(7))));
        oracle.answerOk(bytes32(uint256(7)), "");
    }

    function test_Answer_RevertIf_NoRunEndsSo() public {
        bytes32 requestId = ask("one");
        vm.expectRevert(abi.encodeWithSelector(IMockPhatOracle.ImpossibleAnswer.selector, Outcome.TRAPPED, bytes("x")));
        oracle.answer(requestId, Outcome.TRAPPED, "x");
        vm.expectPartialRevert(IMockPhatOracle.ImpossibleAnswer.selector);
        oracle.answer(requestId, Outcome.DISAGREED + 1, "");
    }

    function test_AnswerAt_TellsTheConsumerThatTime() public {
        uint64 executedAt = uint64(block.timestamp) - 20;
        oracle.answerAt(ask("one"), Outcome.OK, "1", executedAt);
        vm.assertEq(consumer.lastExecutedAt(), executedAt, "executedAt");
    }

    function test_Fail_DeliversEveryFailure() public {
        for (uint8 outcome = Outcome.CONTRACT_ERROR; outcome <= Outcome.DISAGREED; ++outcome) {
            oracle.fail(ask("one"), outcome);
            vm.assertEq(consumer.lastOutcome(), outcome, "outcome");
            vm.assertEq(consumer.lastOutput(), "", "no output");
        }
        oracle.fail(ask("one"), Outcome.CONTRACT_ERROR, "no such pair");
        vm.assertEq(consumer.lastOutput(), "no such pair", "the contract's error");
    }

    function test_Fail_RevertIf_ItIsNoFailure() public {
        bytes32 requestId = ask("one");
        vm.expectRevert(abi.encodeWithSelector(IMockPhatOracle.NoFailure.selector, Outcome.OK));
        oracle.fail(requestId, Outcome.OK);
    }

    function test_Mock_CostsSomething() public view {
        vm.assertTrue(oracle.quote(0, 0, 0) != 0, "a consumer that pays nothing fails");
    }

    function ask(bytes memory payload) private returns (bytes32) {
        return consumer.ask{value: PAYMENT}(bytes32(0), 0, payload, 300_000, 32, 1 hours);
    }

    function expectPending(bytes32 one, bytes32 two, bytes32 three) private view {
        vm.assertEq(abi.encodePacked(oracle.pending()), abi.encodePacked(one, two, three), "pending");
    }
}
