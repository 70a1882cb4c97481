// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {RevertingConsumer} from "../consumers/RevertingConsumer.sol";

contract CancelTest is OracleFixture {
    address private consumer;
    bytes32 private requestId;
    IPhatOracle.Request private request;

    function setUp() public override {
        super.setUp();
        consumer = account("consumer");
        (requestId, request) = ask(consumer);
    }

    function test_Cancel_CreditsTheConsumerWhoeverCancels() public {
        vm.warp(request.expiresAt + 1);
        vm.expectEmit(address(oracle));
        emit IPhatOracle.RequestCancelled(requestId);
        vm.prank(stranger);
        oracle.cancel(request);
        vm.assertEq(oracle.credits(consumer), PAYMENT, "the consumer's credit");
        vm.assertEq(oracle.credits(stranger), 0, "the caller's credit");
        vm.assertEq(slotOf(requestId), 0, "slot");
    }

    function test_Cancel_IsNeverPaused() public {
        vm.prank(admin);
        oracle.pause();
        vm.warp(request.expiresAt + 1);
        oracle.cancel(request);
    }

    function test_Cancel_RevertIf_NotExpired() public {
        uint256 lastSecond = request.expiresAt;
        vm.warp(lastSecond);
        vm.expectRevert(
            abi.encodeWithSelector(IPhatOracle.RequestNotExpired.selector, requestId, lastSecond, lastSecond)
        );
        oracle.cancel(request);
    }

    function test_Cancel_RevertIf_CancelledAlready() public {
        vm.warp(request.expiresAt + 1);
        oracle.cancel(request);
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.RequestNotPending.selector, requestId, bytes32(0)));
        oracle.cancel(request);
        vm.assertEq(oracle.credits(consumer), PAYMENT, "credited once");
    }

    function test_Cancel_RevertIf_Answered() public {
        fulfill(requestId, request);
        vm.warp(request.expiresAt + 1);
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.RequestNotPending.selector, requestId, bytes32(0)));
        oracle.cancel(request);
    }

    function test_Cancel_RevertIf_TheCallbackOfTheAnswerFailed() public {
        (requestId, request) = ask(address(new RevertingConsumer(oracle)));
        fulfill(requestId, request);
        bytes32 kept = slotOf(requestId);
        vm.warp(request.expiresAt + 1);
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.RequestNotPending.selector, requestId, kept));
        oracle.cancel(request);
    }

    function test_Cancel_RevertIf_TheRequestIsUnknown() public {
        vm.warp(request.expiresAt + 1);
        request.payment += 1;
        bytes32 unknown = oracle.requestIdOf(request);
        vm.expectRevert(abi.encodeWithSelector(IPhatOracle.RequestNotPending.selector, unknown, bytes32(0)));
        oracle.cancel(request);
    }
}
