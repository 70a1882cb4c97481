// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {GasBurningConsumer} from "../consumers/GasBurningConsumer.sol";

contract FulfillBatchTest is OracleFixture {
    address private consumer;

    function setUp() public override {
        super.setUp();
        consumer = account("consumer");
    }

    function test_FulfillBatch_AnswersEveryEntry() public {
        IPhatOracle.Entry[] memory entries = askMany(5, CALLBACK_GAS);
        oracle.fulfillBatch(entries);
        for (uint256 i = 0; i < entries.length; ++i) {
            vm.assertEq(slotOf(oracle.requestIdOf(entries[i].request)), 0, "answered");
        }
        vm.assertEq(oracle.credits(payee), 5 * PAYMENT, "the payee's credit");
    }

    function test_FulfillBatch_TakesAnEmptyBatch() public {
        oracle.fulfillBatch(new IPhatOracle.Entry[](0));
    }

    function test_FulfillBatch_SkipsAnUnknownEntry() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        entries[1].request.payment += 1;
        expectSkipped(entries, IPhatOracle.SkipReason.NotPending);
    }

    function test_FulfillBatch_SkipsAnEntryThatWasAnswered() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        oracle.fulfill(entries[1].request, entries[1].report, entries[1].signatures);
        expectSkipped(entries, IPhatOracle.SkipReason.NotPending);
    }

    function test_FulfillBatch_SkipsTheSecondOfTheSameEntry() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        entries[1] = entries[0];
        expectSkipped(entries, IPhatOracle.SkipReason.NotPending);
        vm.assertEq(oracle.credits(payee), 2 * PAYMENT, "each answer is paid once");
    }

    function test_FulfillBatch_SkipsAnExpiredEntry() public {
        (, IPhatOracle.Request memory early) = ask(consumer);
        vm.warp(START + LIFETIME);
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        entries[1].request = early;
        vm.warp(START + LIFETIME + 1);
        sign(entries[1]);
        expectSkipped(entries, IPhatOracle.SkipReason.Expired);
    }

    function test_FulfillBatch_SkipsAnEntryExecutedInTheFuture() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        entries[1].report.executedAt = START + 301;
        expectSkippedWhenSigned(entries, IPhatOracle.SkipReason.ExecutedInFuture);
    }

    function test_FulfillBatch_SkipsAnEntryWithTooLongAnOutput() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        entries[1].report.output = new bytes(MAX_OUTPUT + 1);
        expectSkippedWhenSigned(entries, IPhatOracle.SkipReason.OutputTooLarge);
    }

    function test_FulfillBatch_SkipsAnEntryWithoutAPayee() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        entries[1].report.payee = bytes32(uint256(1) << 160);
        expectSkippedWhenSigned(entries, IPhatOracle.SkipReason.InvalidPayee);
    }

    function test_FulfillBatch_SkipsAnEntryWithTheWrongNumberOfSignatures() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        entries[1].signatures = new bytes[](0);
        expectSkippedAndPending(entries, IPhatOracle.SkipReason.WrongSignatureCount);
    }

    function test_FulfillBatch_SkipsAnEntryWithAMalformedSignature() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        entries[1].signatures[0] = "no signature";
        expectSkippedAndPending(entries, IPhatOracle.SkipReason.InvalidSignature);
    }

    function test_FulfillBatch_SkipsAnEntryWhoseSignersDescend() public {
        setThreshold(2);
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        (entries[1].signatures[0], entries[1].signatures[1]) = (entries[1].signatures[1], entries[1].signatures[0]);
        expectSkippedAndPending(entries, IPhatOracle.SkipReason.SignersNotAscending);
    }

    function test_FulfillBatch_SkipsAnEntrySignedByAStranger() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        entries[1].signatures[0] =
            signatureOf(keyOf("stranger"), oracle.requestIdOf(entries[1].request), entries[1].report);
        expectSkippedAndPending(entries, IPhatOracle.SkipReason.InactiveSigner);
    }

    function test_FulfillBatch_SkipsAnEntryOfOneOperator() public {
        setThreshold(2);
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        uint256 sibling = keyOf("sibling");
        register(firstOperator, vm.addr(sibling));
        (uint256 lower, uint256 higher) = ascending(firstKey, sibling);
        entries[1].signatures = signedBy(lower, higher, oracle.requestIdOf(entries[1].request), entries[1].report);
        expectSkippedAndPending(entries, IPhatOracle.SkipReason.SameOperator);
    }

    function test_FulfillBatch_AnswersASkippedEntryLater() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        bytes memory good = entries[1].signatures[0];
        entries[1].signatures[0] = new bytes(65);
        expectSkippedAndPending(entries, IPhatOracle.SkipReason.InvalidSignature);
        oracle.fulfill(entries[1].request, entries[1].report, asArray(good));
        vm.assertEq(oracle.credits(payee), 3 * PAYMENT, "all are paid in the end");
    }

    function test_FulfillBatch_GoesOnAfterACallbackThatBurnsItsGas() public {
        consumer = address(new GasBurningConsumer());
        IPhatOracle.Entry[] memory entries = askMany(3, 1_000_000);
        oracle.fulfillBatch{gas: 3_600_000}(entries);
        vm.assertEq(oracle.credits(payee), 3 * PAYMENT, "the payee's credit");
    }

    function test_FulfillBatch_StopsWhenTheGasCantCoverTheNextEntry() public {
        consumer = address(new GasBurningConsumer());
        IPhatOracle.Entry[] memory entries = askMany(4, 1_000_000);
        vm.expectEmit(address(oracle));
        emit IPhatOracle.BatchStopped(2);
        oracle.fulfillBatch{gas: 3_000_000}(entries);
        vm.assertEq(oracle.credits(payee), 2 * PAYMENT, "two were answered");
        for (uint256 i = 2; i < 4; ++i) {
            vm.assertEq(slotOf(oracle.requestIdOf(entries[i].request)), bytes32(uint256(1)), "the rest stay pending");
        }
    }

    function test_FulfillBatch_SkipsWhatIsUnknownHoweverMuchGasItNames() public {
        IPhatOracle.Entry[] memory entries = askMany(3, CALLBACK_GAS);
        entries[1].request.callbackGasLimit = type(uint32).max;
        expectSkipped(entries, IPhatOracle.SkipReason.NotPending);
    }

    /// @dev Whatever the gas: every entry is either wholly answered, or as it was. Callbacks with gas have the batch stop
    /// at a callback's reserve, callbacks without any while an entry is checked.
    function testFuzz_FulfillBatch_NeverFailsForWantOfGas(uint256 gas, bool withGas) public {
        consumer = address(new GasBurningConsumer());
        uint32 callbackGas = withGas ? 200_000 : 0;
        IPhatOracle.Entry[] memory entries = askMany(4, callbackGas);
        // The least covers reading the calldata; the most, all four entries.
        gas = bound(gas, 40_000, 40_000 + 4 * (90_000 + callbackGas));
        oracle.fulfillBatch{gas: gas}(entries);
        uint256 answered;
        for (uint256 i = 0; i < entries.length; ++i) {
            bytes32 slot = slotOf(oracle.requestIdOf(entries[i].request));
            if (slot != bytes32(uint256(1))) ++answered;
            vm.assertTrue(slot != 0, "no callback succeeded");
        }
        vm.assertEq(oracle.credits(payee), answered * PAYMENT, "paid for what was answered");
    }

    function testFuzz_FulfillBatch_NeverStopsWithTheDocumentedGas(uint256 count, uint32 gas, uint256 outputLength)
        public
    {
        consumer = address(new GasBurningConsumer());
        count = bound(count, 1, 12);
        gas = uint32(bound(gas, 0, 2_000_000));
        outputLength = bound(outputLength, 0, MAX_OUTPUT);
        IPhatOracle.Entry[] memory entries = askMany(count, gas);
        for (uint256 i = 0; i < count; ++i) {
            entries[i].report.output = new bytes(outputLength);
            sign(entries[i]);
        }
        uint256 total = count * (uint256(gas) + gas / 63 + 65_000 + 10 * outputLength + 18_000);
        oracle.fulfillBatch{gas: total}(entries);
        vm.assertEq(oracle.credits(payee), count * PAYMENT, "all were answered");
    }

    function test_FulfillBatch_RevertIf_Paused() public {
        IPhatOracle.Entry[] memory entries = askMany(1, CALLBACK_GAS);
        vm.prank(admin);
        oracle.pause();
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        oracle.fulfillBatch(entries);
    }

    /// @dev Requests of the consumer, each with a report that the oracle's threshold of workers signed.
    function askMany(uint256 count, uint32 callbackGasLimit) private returns (IPhatOracle.Entry[] memory entries) {
        entries = new IPhatOracle.Entry[](count);
        for (uint256 i = 0; i < count; ++i) {
            (, entries[i].request) = ask(consumer, callbackGasLimit);
            entries[i].report = okReport();
            sign(entries[i]);
        }
    }

    function sign(IPhatOracle.Entry memory entry) private view {
        bytes32 requestId = oracle.requestIdOf(entry.request);
        entry.signatures = oracle.threshold() == 1
            ? signed(requestId, entry.report)
            : signedBy(firstKey, secondKey, requestId, entry.report);
    }

    function asArray(bytes memory one) private pure returns (bytes[] memory array) {
        array = new bytes[](1);
        array[0] = one;
    }

    /// @dev Signs the changed middle entry again, so that its signature isn't what is wrong with it.
    function expectSkippedWhenSigned(IPhatOracle.Entry[] memory entries, IPhatOracle.SkipReason reason) private {
        sign(entries[1]);
        expectSkippedAndPending(entries, reason);
    }

    function expectSkippedAndPending(IPhatOracle.Entry[] memory entries, IPhatOracle.SkipReason reason) private {
        expectSkipped(entries, reason);
        vm.assertEq(slotOf(oracle.requestIdOf(entries[1].request)), bytes32(uint256(1)), "skipped, so still pending");
    }

    /// @dev Of three entries the middle one is skipped, and the others are answered.
    function expectSkipped(IPhatOracle.Entry[] memory entries, IPhatOracle.SkipReason reason) private {
        vm.expectEmit(address(oracle));
        emit IPhatOracle.EntrySkipped(oracle.requestIdOf(entries[1].request), uint8(reason));
        oracle.fulfillBatch(entries);
        vm.assertEq(slotOf(oracle.requestIdOf(entries[0].request)), 0, "the entry before is answered");
        vm.assertEq(slotOf(oracle.requestIdOf(entries[2].request)), 0, "the entry after is answered");
    }
}
