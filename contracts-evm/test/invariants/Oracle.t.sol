// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IOracleSettings} from "../../src/interfaces/IOracleSettings.sol";
import {ProbingConsumer} from "../consumers/ProbingConsumer.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {OracleHandler} from "./OracleHandler.sol";

/// @dev What holds whatever is done to the oracle, in whatever order.
contract OracleInvariants is OracleFixture {
    OracleHandler private handler;

    function setUp() public override {
        super.setUp();
        vm.prank(admin);
        oracle.setPrices(IOracleSettings.Prices(7, 0, 1, 1));
        // Three operators: two with two workers, of which one expires during a run; and one key was never registered.
        uint256[] memory keys = new uint256[](6);
        keys[0] = firstKey;
        keys[1] = secondKey;
        keys[2] = keyOf("third operator's worker");
        keys[3] = keyOf("sibling");
        keys[4] = keyOf("short-lived worker");
        keys[5] = keyOf("nobody's worker");
        register(addOperator("third operator"), vm.addr(keys[2]));
        register(firstOperator, vm.addr(keys[3]));
        vm.prank(admin);
        registry.setRegistrationValidity(5 minutes);
        register(secondOperator, vm.addr(keys[4]));
        uint256[] memory expendable = new uint256[](3);
        for (uint256 i = 0; i < 3; ++i) {
            expendable[i] = keys[3 + i];
        }
        handler = new OracleHandler(oracle, registry, admin, MEASUREMENT, CONFIG_HASH, keys, expendable);
    }

    /// @dev Read by forge: what the fuzzer calls.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev One for all, since forge makes all the calls again for each. What was taken or refused against the books
    /// fails in the handler.
    function invariant_Oracle_IsAsTheBooksSay() external view {
        checkMoney();
        checkCredits();
        checkRequests();
    }

    /// @dev The invariants mean something only if the handler gets everywhere.
    function test_Handler_ReachesEverything() external {
        for (uint256 seed = 1; seed <= 3_000; ++seed) {
            uint256 random = uint256(keccak256(abi.encode(seed)));
            uint256 call = (random >> 200) % 12;
            if (call < 2) handler.doAsk(random >> 1);
            else if (call == 2) handler.doFulfill(random);
            else if (call == 3) handler.doFulfillBatch(random);
            else if (call == 4) handler.doRetry(random);
            else if (call == 5) handler.doCancel(random);
            else if (call == 6) handler.doWithdraw(random);
            else if (call == 7) handler.doPassTime(random);
            else if (call == 8) handler.doChangeSettings(random);
            else if (call == 9) handler.doChangeTrust(random);
            else if (call == 10) handler.doObstruct(random);
            else if (random % 2 == 0) handler.doForceEther(uint64(random >> 8));
            else handler.doSendEther(uint64(random >> 8), bytes4(bytes32(random)));
        }
        this.invariant_Oracle_IsAsTheBooksSay();
        string[23] memory all = [
            "asked",
            "not asked",
            "answered",
            "turned away",
            "taken late",
            "not retried",
            "refused",
            "skipped",
            "stopped",
            "batch stopped",
            "cancelled",
            "cancelled in a pause",
            "withdrawn",
            "withdrawn in a pause",
            "banned",
            "probe 1 refused",
            "probe 2 refused",
            "probe 3 refused",
            "probe 4 ok",
            "probe 4 refused",
            "probe 5 ok",
            "probe 5 refused",
            "probe 6 ok"
        ];
        for (uint256 i = 0; i < all.length; ++i) {
            vm.assertGe(handler.happened(bytes32(bytes(all[i]))), 1, all[i]);
        }
    }

    function checkMoney() private view {
        vm.assertEq(address(oracle).balance, handler.owed() + handler.forced(), "pending + credits + forced ether");
    }

    /// @dev They grow by answers and cancelling alone, and fall by their owners' withdrawals alone.
    function checkCredits() private view {
        address[] memory accounts = handler.accounts();
        for (uint256 i = 0; i < accounts.length; ++i) {
            vm.assertEq(oracle.credits(accounts[i]), handler.creditDue(accounts[i]), "credit");
        }
        vm.assertEq(oracle.credits(admin), 0, "credit of one who earned nothing");
    }

    /// @dev Each is pending, then answered or cancelled; answered at most once, with what was signed.
    function checkRequests() private view {
        bytes32[] memory requestIds = handler.requestIds();
        vm.assertEq(oracle.sequence(), requestIds.length, "sequence");
        bytes32[] memory slots = oracle.slots(requestIds);
        for (uint256 i = 0; i < requestIds.length; ++i) {
            vm.assertEq(slots[i], handler.slotDue(requestIds[i]), "slot");
            (address consumer, uint256 count, bytes32 content) = handler.answersDue(requestIds[i]);
            if (consumer.code.length == 0) continue;
            vm.assertEq(ProbingConsumer(payable(consumer)).answersTo(requestIds[i]), count, "answers");
            vm.assertEq(ProbingConsumer(payable(consumer)).contentOf(requestIds[i]), content, "what was answered");
        }
    }
}
