// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {PhatProtocol} from "../../src/libraries/PhatProtocol.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {GasBurningConsumer} from "../consumers/GasBurningConsumer.sol";
import {GasMeter} from "../consumers/GasMeter.sol";
import {ReenteringConsumer} from "../consumers/ReenteringConsumer.sol";
import {ReturnBombConsumer} from "../consumers/ReturnBombConsumer.sol";
import {RevertingConsumer} from "../consumers/RevertingConsumer.sol";

/// @dev What a consumer can and can't do in the callback of `fulfill`.
contract FulfillCallbackTest is OracleFixture {
    function test_Fulfill_TakesNoCodeForSuccess() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(account("consumer without code"));
        expectFulfilled(requestId, true);
        fulfill(requestId, request);
        vm.assertEq(slotOf(requestId), 0, "slot");
    }

    function test_Fulfill_KeepsTheAnswersHashWhenTheCallbackReverts() public {
        expectKept(address(new RevertingConsumer(oracle)));
    }

    function test_Fulfill_KeepsTheAnswersHashWhenTheCallbackBurnsItsGas() public {
        expectKept(address(new GasBurningConsumer()));
    }

    function test_Fulfill_CopiesNothingOfARevertingReturnBomb() public {
        expectKept(address(new ReturnBombConsumer({reverting: true})));
    }

    function test_Fulfill_CopiesNothingOfAReturnBomb() public {
        address bomb = address(new ReturnBombConsumer({reverting: false}));
        // Enough to make a megabyte (2 million gas), of which the oracle could not afford a copy.
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(bomb, 2_100_000);
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = signed(requestId, report);
        expectFulfilled(requestId, true);
        oracle.fulfill{gas: 2_300_000}(request, report, signatures);
    }

    function test_Fulfill_CreditsThePayeeEvenIfTheCallbackFails() public {
        expectKept(address(new RevertingConsumer(oracle)));
        vm.assertEq(oracle.credits(payee), PAYMENT, "the payee's credit");
    }

    function testFuzz_Fulfill_GivesTheCallbackExactlyItsGas(uint32 callbackGasLimit) public {
        callbackGasLimit = uint32(bound(callbackGasLimit, 1_000, 5_000_000));
        GasMeter meter = new GasMeter();
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(address(meter), callbackGasLimit);
        fulfill(requestId, request);
        // What the meter spends before it can look doesn't depend on what it was given.
        vm.assertEq(callbackGasLimit - meter.lastGas(), spentBeforeMeasuring(meter), "gas that reached the callback");
    }

    function test_Fulfill_GivesTheCallbackExactlyItsGasAtTheLeastGasThatPasses() public {
        GasMeter meter = new GasMeter();
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(address(meter), 1_000_000);
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = signed(requestId, report);

        // The least gas with which the call succeeds, by bisection: one less fails for want of gas.
        uint256 failing = 1_000_000;
        uint256 passing = 2_000_000;
        while (passing - failing > 1) {
            uint256 middle = (failing + passing) / 2;
            if (fulfillsWith(middle, request, report, signatures)) passing = middle;
            else failing = middle;
        }
        vm.expectPartialRevert(IPhatOracle.InsufficientGas.selector);
        oracle.fulfill{gas: failing}(request, report, signatures);
        expectFulfilled(requestId, true);
        oracle.fulfill{gas: passing}(request, report, signatures);
        vm.assertEq(1_000_000 - meter.lastGas(), spentBeforeMeasuring(meter), "gas that reached the callback");
    }

    function test_Fulfill_RevertIf_GasCantCoverTheCallback() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(account("consumer"), 5_000_000);
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = signed(requestId, report);
        // g + g/63 + 40,000 + 10 × output length, of which nothing is left once the signature is checked.
        uint256 required = 5_000_000 + 79_365 + 40_000 + 10 * 32;
        try oracle.fulfill{gas: required}(request, report, signatures) {
            vm.assertTrue(false, "too little gas was enough");
        } catch (bytes memory reason) {
            (bytes4 selector, uint256 needed) = this.decodeInsufficientGas(reason);
            vm.assertTrue(selector == IPhatOracle.InsufficientGas.selector, "reason");
            vm.assertEq(needed, required, "the gas that it says is required");
        }
        vm.assertEq(slotOf(requestId), bytes32(uint256(1)), "still pending");
    }

    function test_Fulfill_LetsTheCallbackAskAgain() public {
        ReenteringConsumer consumer = new ReenteringConsumer(oracle);
        vm.deal(address(consumer), PAYMENT);
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(address(consumer), 300_000);
        uint64 expiresAt = uint64(block.timestamp) + LIFETIME;
        consumer.plan(
            abi.encodeCall(oracle.request, (CONTRACT_ID, 0, PAYLOAD, CALLBACK_GAS, MAX_OUTPUT, expiresAt)), PAYMENT
        );
        fulfill(requestId, request);
        vm.assertTrue(consumer.innerOk(), "asked from within the callback");
        bytes32 second = abi.decode(consumer.innerResult(), (bytes32));
        vm.assertEq(slotOf(second), bytes32(uint256(1)), "the second request is pending");
    }

    function test_Fulfill_RefusesToBeReentered() public {
        (bytes32 otherId, IPhatOracle.Request memory other) = ask(account("another consumer"));
        IPhatOracle.Report memory report = okReport();
        IPhatOracle.Entry[] memory entries = new IPhatOracle.Entry[](1);
        entries[0] = IPhatOracle.Entry(other, report, signed(otherId, report));
        expectInnerRefused(abi.encodeCall(oracle.fulfill, (other, report, entries[0].signatures)));
        expectInnerRefused(abi.encodeCall(oracle.fulfillBatch, (entries)));
        expectInnerRefused(abi.encodeCall(oracle.retryCallback, (other, 0, "", 0)));
        vm.assertEq(slotOf(otherId), bytes32(uint256(1)), "the other request is untouched");
    }

    function test_Fulfill_CreditsOnceHoweverOftenTheCallbackWithdraws() public {
        ReenteringConsumer consumer = new ReenteringConsumer(oracle);
        payee = address(consumer);
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(address(consumer), 300_000);
        ask(account("another consumer"));
        consumer.plan(abi.encodeCall(oracle.withdraw, (payable(address(consumer)))), 0);
        fulfill(requestId, request);
        vm.assertTrue(consumer.innerOk(), "credited before the callback");
        vm.assertEq(address(consumer).balance, PAYMENT, "what was withdrawn");
        vm.assertEq(oracle.credits(address(consumer)), 0, "credit");
        vm.assertEq(address(oracle).balance, PAYMENT, "what the other request paid");
    }

    function decodeInsufficientGas(bytes calldata reason) external pure returns (bytes4 selector, uint256 required) {
        selector = bytes4(reason[:4]);
        (, required) = abi.decode(reason[4:], (uint256, uint256));
    }

    /// @dev Tries in a call that is rolled back.
    function fulfillsWith(
        uint256 gas,
        IPhatOracle.Request memory request,
        IPhatOracle.Report memory report,
        bytes[] memory signatures
    ) private returns (bool fulfilled) {
        try this.tryFulfill(gas, request, report, signatures) {
            vm.assertTrue(false, "the trial is always rolled back");
        } catch (bytes memory result) {
            fulfilled = result.length == 0;
        }
    }

    /// @dev Reverts in any case: with nothing when the oracle took the report.
    function tryFulfill(
        uint256 gas,
        IPhatOracle.Request calldata request,
        IPhatOracle.Report calldata report,
        bytes[] calldata signatures
    ) external {
        try oracle.fulfill{gas: gas}(request, report, signatures) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        } catch {
            revert IPhatOracle.InsufficientGas(gas, 0);
        }
    }

    function spentBeforeMeasuring(GasMeter meter) private returns (uint256) {
        (bool ok,) = address(meter).call{gas: 100_000}(hex"ffffffff");
        vm.assertTrue(ok, "measured");
        return 100_000 - meter.lastGas();
    }

    function expectInnerRefused(bytes memory inner) private {
        ReenteringConsumer consumer = new ReenteringConsumer(oracle);
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(address(consumer), 1_000_000);
        consumer.plan(inner, 0);
        fulfill(requestId, request);
        vm.assertEq(consumer.calls(), 1, "callbacks");
        vm.assertTrue(!consumer.innerOk(), "the inner call failed");
        vm.assertEq(
            consumer.innerResult(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
            "why"
        );
    }

    function expectKept(address consumer) private {
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(consumer);
        IPhatOracle.Report memory report = okReport();
        bytes[] memory signatures = signed(requestId, report);
        expectFulfilled(requestId, false);
        oracle.fulfill{gas: 500_000}(request, report, signatures);
        bytes32 kept = PhatProtocol.slotHash(report.outcome, keccak256(report.output), report.executedAt);
        vm.assertEq(slotOf(requestId), kept, "the answer's hash");
    }

    function expectFulfilled(bytes32 requestId, bool callbackOk) private {
        vm.expectEmit(address(oracle));
        emit IPhatOracle.RequestFulfilled(requestId, 0, callbackOk, bytes32(uint256(uint160(payee))));
    }
}
