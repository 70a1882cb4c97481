// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {RegistryFixture} from "../base/RegistryFixture.sol";
import {RegistryHandler} from "./RegistryHandler.sol";

/// @dev What holds whatever is done to the registry, by whomever, in whatever order.
contract RegistryInvariants is RegistryFixture {
    RegistryHandler private handler;

    function setUp() public override {
        super.setUp();
        address[] memory actors = new address[](5);
        actors[0] = admin;
        actors[1] = addOperator("one operator");
        actors[2] = addOperator("another operator");
        actors[3] = account("future operator");
        actors[4] = stranger;
        handler = new RegistryHandler(registry, DEVELOPMENT_KEY, actors);
    }

    /// @dev Read by forge: what the fuzzer calls.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev One for all, since forge makes all the calls again for each. What was done or refused against the books
    /// fails in the handler.
    function invariant_Registry_IsAsTheBooksSay() external view {
        checkRoles();
        checkWorkers();
        checkLimits();
    }

    /// @dev The invariants mean something only if the handler gets everywhere.
    function test_Handler_ReachesEverything() external {
        for (uint256 seed = 1; seed <= 3_000; ++seed) {
            uint256 random = uint256(keccak256(abi.encode(seed)));
            uint256 call = (random >> 200) % 16;
            if (call < 4) handler.doRegister(random);
            else if (call == 4) handler.doRevoke(random);
            else if (call < 7) handler.doAllowPair(random);
            else if (call == 7) handler.doDisallowPair(random);
            else if (call == 8) handler.doSetVerifier(random);
            else if (call == 9) handler.doSetValidity(random);
            else if (call == 10) handler.doSetMaxWorkers(random);
            else if (call == 11) handler.doPassTime(random);
            else if (call == 12) handler.doGrantRole(random);
            else if (call == 13) handler.doRevokeRole(random);
            else if (call == 14) handler.doRenounceRole(random);
            else handler.doSetTimelock(random);
        }
        this.invariant_Registry_IsAsTheBooksSay();
        string[18] memory all = [
            "registered",
            "renewed",
            "not registered",
            "not believed",
            "revoked",
            "revoked by its operator",
            "pair allowed",
            "pair disallowed",
            "verifier set",
            "validity set",
            "maximum set",
            "granted",
            "role revoked",
            "renounced",
            "timelock set",
            "by the timelock",
            "refused",
            "limited"
        ];
        for (uint256 i = 0; i < all.length; ++i) {
            vm.assertGe(handler.happened(bytes32(bytes(all[i]))), 1, all[i]);
        }
    }

    /// @dev Granted by who may, and by nobody else.
    function checkRoles() private view {
        address[] memory actors = handler.actors();
        bytes32 operatorRole = registry.OPERATOR_ROLE();
        vm.assertEq(registry.getRoleAdmin(operatorRole), 0, "who grants the operators' role");
        vm.assertEq(registry.getRoleAdmin(0), 0, "who grants the admins' role");
        vm.assertEq(registry.timelock(), handler.timelockDue(), "timelock");
        for (uint256 i = 0; i < actors.length; ++i) {
            vm.assertTrue(registry.hasRole(0, actors[i]) == handler.holds(0, actors[i]), "admin");
            vm.assertTrue(
                registry.hasRole(operatorRole, actors[i]) == handler.holds(operatorRole, actors[i]), "operator"
            );
        }
    }

    /// @dev Active: registered, never revoked, not expired, and of an allowed pair.
    function checkWorkers() private view {
        for (uint256 i = 0; i < handler.workerCount(); ++i) {
            address worker = handler.workerAt(i);
            (address operator, bool revoked) = handler.workerDue(worker);
            vm.assertEq(registry.operatorOf(worker), operator, "operator");
            vm.assertTrue(registry.workerOf(worker).revoked == revoked, "revoked");
            address active = registry.activeOperatorOf(worker);
            vm.assertEq(active, handler.activeOperatorDue(worker), "operator of an active worker");
            vm.assertTrue(registry.isActive(worker) == (active != address(0)), "active");
            vm.assertTrue(!revoked || active == address(0), "a revoked worker is active");
        }
    }

    /// @dev No operator has more workers than were allowed when it registered the last, whatever pairs are allowed.
    function checkLimits() private view {
        address[] memory actors = handler.actors();
        for (uint256 i = 0; i < actors.length; ++i) {
            (uint256 count, uint256 limit) = handler.liveOf(actors[i]);
            vm.assertLe(count, limit, "workers of an operator");
            vm.assertLe(count, registry.workersOf(actors[i]).length, "workers that count");
        }
    }
}
