// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {PhatProtocol} from "../../src/libraries/PhatProtocol.sol";
import {OracleFixture} from "../base/OracleFixture.sol";

contract RequestTest is OracleFixture {
    address private consumer;

    function setUp() public override {
        super.setUp();
        consumer = account("consumer");
        vm.deal(consumer, 10 ether);
    }

    function test_Request_KeepsOneSlotAndThePayment() public {
        (bytes32 requestId,) = ask(consumer);
        vm.assertEq(slotOf(requestId), bytes32(uint256(1)), "pending");
        vm.assertEq(address(oracle).balance, PAYMENT, "the oracle's balance");
        vm.assertEq(oracle.credits(consumer), 0, "nobody is credited yet");
    }

    function test_Request_ReturnsTheHashOfEverythingInIt() public {
        IPhatOracle.Request memory expected = nextRequest(consumer);
        (bytes32 requestId,) = ask(consumer);
        vm.assertEq(requestId, PhatProtocol.requestId(block.chainid, address(oracle), expected), "request id");
    }

    function test_Request_EmitsTheWholeRequestAndThePayload() public {
        IPhatOracle.Request memory expected = nextRequest(consumer);
        bytes32 requestId = oracle.requestIdOf(expected);
        vm.expectEmit(address(oracle));
        emit IPhatOracle.RequestSubmitted(requestId, CONTRACT_ID, consumer, expected, PAYLOAD);
        ask(consumer);
    }

    function test_Request_CountsFromOne() public {
        vm.assertEq(oracle.sequence(), 0, "before the first");
        (bytes32 first, IPhatOracle.Request memory request) = ask(consumer);
        vm.assertEq(request.sequence, 1, "the first");
        (bytes32 second,) = ask(consumer);
        vm.assertEq(oracle.sequence(), 2, "after the second");
        vm.assertTrue(first != second, "the same question twice is two requests");
    }

    function test_Request_HasAnotherIdInAnotherBlock() public {
        IPhatOracle.Request memory request = nextRequest(consumer);
        bytes32 here = oracle.requestIdOf(request);
        vm.setBlockhash(block.number - 1, keccak256("another parent"));
        (bytes32 there,) = ask(consumer);
        vm.assertTrue(here != there, "an id can't be known before its block's parent");
    }

    function test_Request_TakesWhatIsPaidAboveTheQuote() public {
        uint256 quote = oracle.quote(CALLBACK_GAS, PAYLOAD.length, MAX_OUTPUT);
        (, IPhatOracle.Request memory request) = ask(consumer);
        vm.assertTrue(request.payment > quote, "this test pays more than the quote");
        vm.assertEq(address(oracle).balance, request.payment, "all of it is the request's");
    }

    function test_Request_TakesExactlyTheQuote() public {
        uint256 quote = oracle.quote(CALLBACK_GAS, PAYLOAD.length, MAX_OUTPUT);
        submit(PAYLOAD, CALLBACK_GAS, MAX_OUTPUT, LIFETIME, quote);
    }

    function test_Request_RevertIf_PaidLessThanTheQuote() public {
        uint256 quote = oracle.quote(CALLBACK_GAS, PAYLOAD.length, MAX_OUTPUT);
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.PaymentTooLow.selector, quote - 1, quote));
        submit(PAYLOAD, CALLBACK_GAS, MAX_OUTPUT, LIFETIME, quote - 1);
    }

    function test_Request_RevertIf_PayloadIsLongerThan16KiB() public {
        submit(new bytes(16 * 1024), CALLBACK_GAS, MAX_OUTPUT, LIFETIME, PAYMENT);
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.PayloadTooLarge.selector, 16 * 1024 + 1, 16 * 1024));
        submit(new bytes(16 * 1024 + 1), CALLBACK_GAS, MAX_OUTPUT, LIFETIME, PAYMENT);
    }

    function test_Request_RevertIf_MaxOutputIsAbove16KiB() public {
        submit(PAYLOAD, CALLBACK_GAS, 16 * 1024, LIFETIME, PAYMENT);
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.MaxOutputTooLarge.selector, 16 * 1024 + 1, 16 * 1024));
        submit(PAYLOAD, CALLBACK_GAS, 16 * 1024 + 1, LIFETIME, PAYMENT);
    }

    function test_Request_RevertIf_CallbackGasIsAboveFiveMillion() public {
        submit(PAYLOAD, 5_000_000, MAX_OUTPUT, LIFETIME, PAYMENT);
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.CallbackGasLimitTooHigh.selector, 5_000_001, 5_000_000));
        submit(PAYLOAD, 5_000_001, MAX_OUTPUT, LIFETIME, PAYMENT);
    }

    function test_Request_RevertIf_ItExpiresTooSoon() public {
        submit(PAYLOAD, CALLBACK_GAS, MAX_OUTPUT, MIN_LIFETIME, PAYMENT);
        vm.expectRevert(expiryOutOfBounds(MIN_LIFETIME - 1));
        submit(PAYLOAD, CALLBACK_GAS, MAX_OUTPUT, MIN_LIFETIME - 1, PAYMENT);
    }

    function test_Request_RevertIf_ItExpiresTooLate() public {
        submit(PAYLOAD, CALLBACK_GAS, MAX_OUTPUT, MAX_LIFETIME, PAYMENT);
        vm.expectRevert(expiryOutOfBounds(MAX_LIFETIME + 1));
        submit(PAYLOAD, CALLBACK_GAS, MAX_OUTPUT, MAX_LIFETIME + 1, PAYMENT);
    }

    function test_Request_RevertIf_ItHasExpiredAlready() public {
        vm.expectPartialRevert(IPhatOracle.ExpiryOutOfBounds.selector);
        vm.prank(consumer);
        oracle.request{value: PAYMENT}(CONTRACT_ID, MIN_REVISION, PAYLOAD, CALLBACK_GAS, MAX_OUTPUT, 0);
    }

    function test_Request_RevertIf_Paused() public {
        vm.prank(admin);
        oracle.pause();
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        submit(PAYLOAD, CALLBACK_GAS, MAX_OUTPUT, LIFETIME, PAYMENT);
    }

    function test_Request_RevertIf_EtherIsSentWithoutOne() public {
        vm.prank(consumer);
        (bool ok,) = address(oracle).call{value: 1}("");
        vm.assertTrue(!ok, "the oracle takes ether with requests alone");
    }

    function submit(bytes memory payload, uint32 gas, uint32 maxOutput, uint64 lifetime, uint256 payment) private {
        vm.prank(consumer);
        oracle.request{value: payment}(
            CONTRACT_ID, MIN_REVISION, payload, gas, maxOutput, uint64(block.timestamp) + lifetime
        );
    }

    function expiryOutOfBounds(uint64 lifetime) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IPhatOracle.ExpiryOutOfBounds.selector,
            uint64(block.timestamp) + lifetime,
            block.timestamp + MIN_LIFETIME,
            block.timestamp + MAX_LIFETIME
        );
    }
}
