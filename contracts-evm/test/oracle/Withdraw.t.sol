// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {RefundRefusingConsumer} from "../consumers/RefundRefusingConsumer.sol";

contract WithdrawTest is OracleFixture {
    function setUp() public override {
        super.setUp();
        (bytes32 requestId, IPhatOracle.Request memory request) = ask(account("consumer"));
        fulfill(requestId, request);
    }

    function test_Withdraw_PaysTheWholeCreditToWhomTheCallerNames() public {
        vm.expectEmit(address(oracle));
        emit IPhatOracle.Withdrawn(payee, stranger, PAYMENT);
        vm.prank(payee);
        oracle.withdraw(payable(stranger));
        vm.assertEq(stranger.balance, PAYMENT, "what was paid out");
        vm.assertEq(oracle.credits(payee), 0, "credit");
        vm.assertEq(address(oracle).balance, 0, "the oracle's balance");
    }

    function test_Withdraw_IsNeverPaused() public {
        vm.prank(admin);
        oracle.pause();
        vm.prank(payee);
        oracle.withdraw(payable(payee));
    }

    function test_Withdraw_LeavesTheMoneyOfOthers() public {
        ask(account("another consumer"));
        vm.prank(payee);
        oracle.withdraw(payable(payee));
        vm.assertEq(address(oracle).balance, PAYMENT, "what the other request paid");
    }

    function test_Withdraw_RevertIf_NothingIsOwed() public {
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.NothingToWithdraw.selector, stranger));
        vm.prank(stranger);
        oracle.withdraw(payable(stranger));
    }

    function test_Withdraw_RevertIf_WithdrawnAlready() public {
        vm.startPrank(payee);
        oracle.withdraw(payable(payee));
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.NothingToWithdraw.selector, payee));
        oracle.withdraw(payable(payee));
        vm.stopPrank();
    }

    function test_Withdraw_RevertIf_TheRecipientIsZero() public {
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.InvalidRecipient.selector, address(0)));
        vm.prank(payee);
        oracle.withdraw(payable(address(0)));
    }

    function test_Withdraw_RevertIf_TheRecipientRefuses() public {
        RefundRefusingConsumer refusing = new RefundRefusingConsumer(oracle);
        vm.expectRevert(abi.encodeWithSelector(RefundRefusingConsumer.NoEtherPlease.selector));
        vm.prank(payee);
        oracle.withdraw(payable(address(refusing)));
        vm.assertEq(oracle.credits(payee), PAYMENT, "the credit stays");
    }

    /// @dev A consumer that takes no ether neither loses its refund nor holds up anybody.
    function test_Withdraw_RefundsAConsumerThatTakesNoEther() public {
        RefundRefusingConsumer refusing = new RefundRefusingConsumer(oracle);
        (, IPhatOracle.Request memory request) = ask(address(refusing));
        vm.warp(START + LIFETIME + 1);
        oracle.cancel(request);
        vm.assertEq(oracle.credits(address(refusing)), PAYMENT, "cancelled, though it takes no ether");
        refusing.withdrawRefund(payable(stranger));
        vm.assertEq(stranger.balance, PAYMENT, "the refund");
    }
}
