// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IOracleSettings} from "../../src/interfaces/IOracleSettings.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {OracleHandler} from "./OracleHandler.sol";

/// @dev What holds whatever is done to the oracle, in whatever order.
contract OracleInvariants is OracleFixture {
    OracleHandler private handler;

    function setUp() public override {
        super.setUp();
        vm.prank(admin);
        oracle.setPrices(IOracleSettings.Prices(0, 0, 0, 0));
        // Two of one operator, one of another, one that expires during a run, and one that was never registered.
        uint256[] memory keys = new uint256[](5);
        keys[0] = firstKey;
        keys[1] = secondKey;
        keys[2] = keyOf("sibling");
        keys[3] = keyOf("short-lived worker");
        keys[4] = keyOf("nobody's worker");
        register(firstOperator, vm.addr(keys[2]));
        vm.prank(admin);
        registry.setRegistrationValidity(5 minutes);
        register(secondOperator, vm.addr(keys[3]));
        handler = new OracleHandler(oracle, registry, admin, MEASUREMENT, CONFIG_HASH, keys);
    }

    /// @dev Read by forge: what the fuzzer calls.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_Money_IsConserved() external view {
        vm.assertEq(address(oracle).balance, handler.owed() + handler.forced(), "pending + credits + forced ether");
    }

    function invariant_Credits_AreWhatWasEarnedAndRefunded() external view {
        for (uint256 i = 0; i < handler.creditorCount(); ++i) {
            (address creditor, uint256 credit) = handler.creditorAt(i);
            vm.assertEq(oracle.credits(creditor), credit, "credit");
        }
    }

    /// @dev Among them the entries that a batch skipped.
    function invariant_Requests_ArePendingUntilTheyAreAnsweredOrCancelled() external view {
        for (uint256 i = 0; i < handler.requestCount(); ++i) {
            (bytes32 requestId, bool pending,) = handler.requestAt(i);
            vm.assertTrue((slotOf(requestId) == bytes32(uint256(1))) == pending, "pending");
        }
    }

    function invariant_Requests_AreAnsweredAtMostOnce() external view {
        for (uint256 i = 0; i < handler.requestCount(); ++i) {
            (bytes32 requestId,, bool answered) = handler.requestAt(i);
            vm.assertLe(handler.answersTo(requestId), answered ? 1 : 0, "answers");
        }
    }

    /// @dev Signatures of unregistered, banned, expired, no longer allowed and same-operator workers among them.
    function invariant_Calls_EndAsTheBooksSay() external view {
        vm.assertEq(handler.surprises(), 0, "surprises");
    }

    function invariant_Callbacks_NeverReenter() external view {
        vm.assertEq(handler.reentries(), 0, "reentries");
    }

    /// @dev The invariants mean something only if the handler gets everywhere.
    function test_Handler_ReachesEverything() external {
        for (uint256 seed = 1; seed <= 600; ++seed) {
            uint256 random = uint256(keccak256(abi.encode(seed)));
            uint256 call = (random >> 200) % 10;
            if (call < 2) handler.doAsk(random, uint96(random >> 100));
            else if (call == 2) handler.doFulfill(random);
            else if (call == 3) handler.doFulfillBatch(random);
            else if (call == 4) handler.doRetry(random);
            else if (call == 5) handler.doCancel(random);
            else if (call == 6) handler.doWithdraw(random);
            else if (call == 7) handler.doPassTime(random);
            else if (call == 8) handler.doSetThreshold(random);
            else if (random % 2 == 0) handler.doBan(random);
            else handler.doTogglePair(random);
        }
        bytes32[8] memory all =
            [bytes32("asked"), "answered", "refused", "skipped", "retried", "cancelled", "withdrawn", "banned"];
        for (uint256 i = 0; i < all.length; ++i) {
            vm.assertGe(handler.happened(all[i]), 1, string(abi.encodePacked(all[i])));
        }
        vm.assertEq(handler.surprises(), 0, "surprises");
    }
}
