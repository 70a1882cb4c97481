// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {Outcome} from "../../src/libraries/Outcome.sol";
import {PhatProtocol} from "../../src/libraries/PhatProtocol.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {Vm} from "../base/Vm.sol";
import {AskingConsumer} from "../consumers/AskingConsumer.sol";
import {RecordingConsumer} from "../consumers/RecordingConsumer.sol";
import {RefundRefusingConsumer} from "../consumers/RefundRefusingConsumer.sol";
import {RevertingConsumer} from "../consumers/RevertingConsumer.sol";
import {IMockPhatOracle} from "./IMockPhatOracle.sol";

/// @dev One story after the other is played to a real oracle and, from the same state, to the mock: what a consumer can
/// see of them must be the same but for the oracle's address and the ids that follow from it.
contract MockLikeOracleTest is OracleFixture {
    IMockPhatOracle private mock;
    /// The oracle that the story is played to.
    IPhatOracle private played;
    /// The requests of the story so far.
    bytes32[] private ids;
    IPhatOracle.Request[] private requests;
    /// What was seen, in order.
    bytes[] private seen;

    function setUp() public override {
        super.setUp();
        mock = IMockPhatOracle(vm.deployCode("MockPhatOracle.sol:MockPhatOracle", ""));
        // A real oracle of the mock's settings, as old as the mock.
        oracle = deployOracle(mock.settings());
        payee = address(this);
    }

    function test_Mock_LooksLikeAnOracleToAConsumerThatIsAnswered() public {
        expectAlike(this.answered);
    }

    function test_Mock_LooksLikeAnOracleToAConsumerThatAsksWrongly() public {
        expectAlike(this.refused);
    }

    function test_Mock_LooksLikeAnOracleToAConsumerWhoseCallbackFails() public {
        expectAlike(this.retried);
    }

    function test_Mock_LooksLikeAnOracleToAConsumerThatNobodyAnswers() public {
        expectAlike(this.refunded);
    }

    function test_Mock_LooksLikeAnOracleToReportsThatAreRefused() public {
        expectAlike(this.unacceptable);
    }

    function answered() external {
        RecordingConsumer consumer = new RecordingConsumer(played);
        ask(consumer, "one", 300_000, 32, due("one", 300_000, 32));
        ask(consumer, "two", 400_000, 64, due("two", 400_000, 64) + 1 ether);
        respond(1, Outcome.OK, abi.encode(uint256(7)), START);
        seeConsumer(consumer);
        respond(0, Outcome.CONTRACT_ERROR, "no such pair", START - 5);
        seeConsumer(consumer);
        for (uint8 outcome = Outcome.TRAPPED; outcome <= Outcome.DISAGREED; ++outcome) {
            ask(consumer, "", 300_000, 0, due("", 300_000, 0));
            respond(ids.length - 1, outcome, "", START);
            seeConsumer(consumer);
        }
        see(abi.encode(played.credits(address(this)), played.sequence(), address(played).balance));
    }

    function refused() external {
        RecordingConsumer consumer = new RecordingConsumer(played);
        uint256 least = due("one", 300_000, 32);
        seeAsk(consumer, "one", 300_000, 32, 1 hours, least - 1);
        seeAsk(consumer, new bytes(16 * 1024 + 1), 300_000, 32, 1 hours, 100 ether);
        seeAsk(consumer, "one", 5_000_001, 32, 1 hours, 100 ether);
        seeAsk(consumer, "one", 300_000, 16 * 1024 + 1, 1 hours, 100 ether);
        seeAsk(consumer, "one", 300_000, 32, 59, least);
        seeAsk(consumer, "one", 300_000, 32, 30 days + 1, least);
        see(abi.encode(played.sequence(), address(played).balance));
    }

    function retried() external {
        RevertingConsumer consumer = new RevertingConsumer(played);
        ask(consumer, "one", 100_000, 32, due("one", 100_000, 32));
        respond(0, Outcome.OK, abi.encode(uint256(7)), START);
        see(abi.encode(slot(0), consumer.answers(), played.credits(address(this))));
        seeRetry(0, Outcome.OK, abi.encode(uint256(7)), START);
        consumer.setReverting(false);
        seeRetry(0, Outcome.OK, abi.encode(uint256(8)), START);
        seeRetry(0, Outcome.OK, abi.encode(uint256(7)), START);
        see(abi.encode(slot(0), consumer.answers()));
        seeRetry(0, Outcome.OK, abi.encode(uint256(7)), START);
        // Out of gas in the callback, and then too late.
        RecordingConsumer hungry = new RecordingConsumer(played);
        ask(hungry, "two", 60_000, 32, due("two", 60_000, 32));
        respond(1, Outcome.OK, abi.encode(uint256(9)), START);
        see(abi.encode(slot(1), hungry.calls()));
        vm.warp(START + 1 hours + 1);
        seeRetry(1, Outcome.OK, abi.encode(uint256(9)), START);
    }

    function refunded() external {
        RefundRefusingConsumer consumer = new RefundRefusingConsumer(played);
        ask(consumer, "one", 100_000, 32, due("one", 100_000, 32) + 1 ether);
        seeCancel(0);
        vm.warp(START + 1 hours);
        seeCancel(0);
        vm.warp(START + 1 hours + 1);
        respond(0, Outcome.OK, "", START);
        seeCancel(0);
        see(abi.encode(slot(0), played.credits(address(consumer))));
        seeCancel(0);
        seeRefund(consumer, address(consumer));
        seeRefund(consumer, account("whoever takes refunds"));
        see(abi.encode(account("whoever takes refunds").balance, played.credits(address(consumer))));
        seeRefund(consumer, account("whoever takes refunds"));
    }

    function unacceptable() external {
        RecordingConsumer consumer = new RecordingConsumer(played);
        ask(consumer, "one", 300_000, 32, due("one", 300_000, 32));
        respond(0, Outcome.OK, new bytes(33), START);
        respond(0, Outcome.OK, new bytes(32), START + 301);
        respond(0, Outcome.OK, new bytes(32), START + 300);
        respond(0, Outcome.OK, new bytes(32), START);
        seeConsumer(consumer);
    }

    /// @dev Plays a story to both, and compares what was seen.
    function expectAlike(function() external story) private {
        uint256 before = vm.snapshotState();
        bytes[] memory real = playTo(story, oracle);
        vm.revertToState(before);
        bytes[] memory mocked = playTo(story, mock);
        vm.assertEq(mocked.length, real.length, "how much there is to see");
        for (uint256 i = 0; i < real.length; ++i) {
            vm.assertEq(mocked[i], real[i], vm.toString(i));
        }
        vm.assertGe(real.length, 5, "something was seen");
    }

    function playTo(function() external story, IPhatOracle oracle_) private returns (bytes[] memory) {
        played = oracle_;
        vm.deal(address(this), 1_000 ether);
        vm.recordLogs();
        story();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            see(abi.encode(logs[i].topics, logs[i].data, logs[i].emitter));
        }
        return seen;
    }

    function due(bytes memory payload, uint32 gas, uint32 maxOutput) private returns (uint256 quote) {
        quote = played.quote(gas, payload.length, maxOutput);
        see(abi.encode(quote));
    }

    function ask(AskingConsumer consumer, bytes memory payload, uint32 gas, uint32 maxOutput, uint256 payment) private {
        IPhatOracle.Request memory request = IPhatOracle.Request({
            sequence: played.sequence() + 1,
            parentHash: blockhash(block.number - 1),
            consumer: address(consumer),
            contractId: CONTRACT_ID,
            minRevision: 3,
            payloadHash: keccak256(payload),
            callbackGasLimit: gas,
            maxOutput: maxOutput,
            expiresAt: START + 1 hours,
            payment: payment
        });
        bytes32 id = consumer.ask{value: payment}(CONTRACT_ID, 3, payload, gas, maxOutput, 1 hours);
        vm.assertEq(id, PhatProtocol.requestId(block.chainid, address(played), request), "an id of the protocol");
        ids.push(id);
        requests.push(request);
        see(abi.encode(slot(ids.length - 1)));
    }

    function seeAsk(
        AskingConsumer consumer,
        bytes memory payload,
        uint32 gas,
        uint32 maxOutput,
        uint64 lifetime,
        uint256 payment
    ) private {
        try consumer.ask{value: payment}(CONTRACT_ID, 3, payload, gas, maxOutput, lifetime) returns (bytes32) {
            vm.assertTrue(false, "refused by both");
        } catch (bytes memory reason) {
            see(reason);
        }
    }

    /// @dev Answers as each is answered: the one by a worker's signature, the other by being told.
    function respond(uint256 index, uint8 outcome, bytes memory output, uint64 executedAt) private {
        bytes memory call;
        if (address(played) == address(mock)) {
            call = abi.encodeCall(mock.answerAt, (ids[index], outcome, output, executedAt));
        } else {
            IPhatOracle.Report memory report = okReport();
            (report.outcome, report.output, report.executedAt) = (outcome, output, executedAt);
            call = abi.encodeCall(oracle.fulfill, (requests[index], report, signed(ids[index], report)));
        }
        (bool ok, bytes memory result) = address(played).call(call);
        // What the mock returns beside is told apart from its events.
        see(abi.encode(ok, ok ? bytes("") : result));
    }

    function seeRetry(uint256 index, uint8 outcome, bytes memory output, uint64 executedAt) private {
        seeCall(abi.encodeCall(played.retryCallback, (requests[index], outcome, output, executedAt)));
    }

    function seeCancel(uint256 index) private {
        seeCall(abi.encodeWithSelector(IPhatOracle.cancel.selector, requests[index]));
    }

    function seeCall(bytes memory data) private {
        (bool ok, bytes memory result) = address(played).call(data);
        see(abi.encode(ok, result));
    }

    function seeRefund(RefundRefusingConsumer consumer, address to) private {
        (bool ok, bytes memory result) = address(consumer).call(abi.encodeCall(consumer.withdrawRefund, (payable(to))));
        see(abi.encode(ok, result));
    }

    /// @dev Everything that the consumer heard, the gas among it.
    function seeConsumer(RecordingConsumer consumer) private {
        see(abi.encode(consumer.calls(), consumer.lastRequestId(), consumer.lastOutcome(), consumer.lastOutput()));
        see(abi.encode(consumer.lastExecutedAt(), consumer.lastGas(), played.credits(address(consumer))));
    }

    function slot(uint256 index) private view returns (bytes32) {
        bytes32[] memory asked = new bytes32[](1);
        asked[0] = ids[index];
        return played.slots(asked)[0];
    }

    /// @dev Keeps what was seen, with the oracle's address and the ids replaced by names of their own.
    function see(bytes memory what) private {
        what = replaced(what, bytes32(uint256(uint160(address(played)))), "the oracle");
        for (uint256 i = 0; i < ids.length; ++i) {
            what = replaced(what, ids[i], bytes32(i + 1));
        }
        seen.push(what);
    }

    /// @dev At any offset: an error's words follow its four bytes.
    function replaced(bytes memory data, bytes32 word, bytes32 by) private pure returns (bytes memory) {
        if (data.length < 32) return data;
        for (uint256 offset = 0; offset <= data.length - 32; offset += 4) {
            assembly ("memory-safe") {
                let place := add(add(data, 0x20), offset)
                if eq(mload(place), word) { mstore(place, by) }
            }
        }
        return data;
    }
}
