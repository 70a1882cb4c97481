// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {ITimelockedAdditions} from "../../src/interfaces/ITimelockedAdditions.sol";
import {OracleFixture} from "../base/OracleFixture.sol";

/// @dev A timelock of a day that the admin proposes to, and anyone may execute.
abstract contract TimelockFixture is OracleFixture {
    uint256 internal constant DELAY = 1 days;

    TimelockController internal timelock;

    function setUp() public virtual override {
        super.setUp();
        timelock = newTimelock(DELAY);
    }

    function newTimelock(uint256 delay) internal returns (TimelockController) {
        address[] memory proposers = new address[](1);
        proposers[0] = admin;
        return new TimelockController(delay, proposers, new address[](1), address(0));
    }

    function configureTimelock() internal {
        vm.startPrank(admin);
        oracle.setTimelock(timelock);
        registry.setTimelock(timelock);
        vm.stopPrank();
    }

    function schedule(address target, bytes memory call) internal {
        vm.prank(admin);
        timelock.schedule(target, 0, call, 0, 0, DELAY);
    }

    function needsTimelock(address caller) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ITimelockedAdditions.AdditionNeedsTimelock.selector, caller, timelock);
    }
}

contract SetTimelockTest is TimelockFixture {
    function test_SetTimelock_HasTheTimelockAloneMakeAdditions() public {
        configureTimelock();
        vm.assertEq(registry.timelock(), address(timelock), "timelock");
        bytes32 measurement = keccak256("new measurement");
        bytes memory call = abi.encodeCall(registry.allowPair, (measurement, CONFIG_HASH));

        vm.expectRevert(needsTimelock(admin));
        vm.prank(admin);
        registry.allowPair(measurement, CONFIG_HASH);

        schedule(address(registry), call);
        vm.expectRevert();
        timelock.execute(address(registry), 0, call, 0, 0);
        vm.warp(START + DELAY);
        timelock.execute(address(registry), 0, call, 0, 0);
        vm.assertTrue(registry.isPairAllowed(measurement, CONFIG_HASH), "allowed after the delay");
    }

    function test_SetTimelock_DelaysEveryAddition() public {
        setThreshold(2);
        configureTimelock();
        vm.startPrank(admin);
        vm.expectRevert(needsTimelock(admin));
        registry.setVerifier(verifier);
        vm.expectRevert(needsTimelock(admin));
        registry.setRegistrationValidity(VALIDITY + 1);
        vm.expectRevert(needsTimelock(admin));
        registry.setMaxWorkersPerOperator(3);
        bytes32 operatorRole = registry.OPERATOR_ROLE();
        vm.expectRevert(needsTimelock(admin));
        registry.grantRole(operatorRole, stranger);
        vm.expectRevert(needsTimelock(admin));
        registry.grantRole(0, stranger);
        vm.expectRevert(needsTimelock(admin));
        oracle.grantRole(0, stranger);
        vm.expectRevert(needsTimelock(admin));
        oracle.setThreshold(1);
        vm.expectRevert(needsTimelock(admin));
        oracle.setTimelock(TimelockController(payable(0)));
        vm.stopPrank();
    }

    function test_SetTimelock_DelaysNoRemoval() public {
        configureTimelock();
        bytes32 operatorRole = registry.OPERATOR_ROLE();
        vm.startPrank(admin);
        registry.revoke(vm.addr(firstKey));
        registry.disallowPair(MEASUREMENT, CONFIG_HASH);
        registry.setVerifier(IAttestationVerifier(address(0)));
        registry.setRegistrationValidity(VALIDITY - 1);
        registry.setMaxWorkersPerOperator(1);
        registry.revokeRole(operatorRole, firstOperator);
        oracle.setThreshold(2);
        oracle.pause();
        vm.stopPrank();
        vm.assertTrue(!registry.hasRole(operatorRole, firstOperator), "the role is gone");
    }

    function test_SetTimelock_IsTakenBackByTheTimelock() public {
        configureTimelock();
        bytes memory call = abi.encodeCall(oracle.setTimelock, (TimelockController(payable(0))));
        schedule(address(oracle), call);
        vm.warp(START + DELAY);
        timelock.execute(address(oracle), 0, call, 0, 0);
        vm.assertEq(oracle.timelock(), address(0), "no timelock");
        vm.prank(admin);
        oracle.grantRole(0, stranger);
    }

    function test_SetTimelock_RevertIf_ItHasNoDelay() public {
        TimelockController instant = newTimelock(0);
        vm.expectRevert(abi.encodeWithSelector(ITimelockedAdditions.TimelockWithoutDelay.selector, instant));
        vm.prank(admin);
        oracle.setTimelock(instant);
    }

    function test_SetTimelock_RevertIf_ItIsNoContract() public {
        vm.expectRevert();
        vm.prank(admin);
        oracle.setTimelock(TimelockController(payable(stranger)));
    }

    function test_SetTimelock_RevertIf_CallerIsNoAdmin() public {
        vm.expectRevert(missingRole(stranger, 0));
        vm.prank(stranger);
        oracle.setTimelock(timelock);
    }
}

contract GrantRoleTest is TimelockFixture {
    function test_GrantRole_IsTheAdminsWithoutATimelock() public {
        vm.prank(admin);
        oracle.grantRole(0, stranger);
        vm.assertTrue(oracle.hasRole(0, stranger), "granted");
    }

    function test_GrantRole_RevertIf_CallerIsNoAdmin() public {
        vm.expectRevert(missingRole(stranger, 0));
        vm.prank(stranger);
        oracle.grantRole(0, stranger);
    }

    function test_GrantRole_RevertIf_CallerIsAnOperator() public {
        bytes32 operatorRole = registry.OPERATOR_ROLE();
        vm.expectRevert(missingRole(firstOperator, 0));
        vm.prank(firstOperator);
        registry.grantRole(operatorRole, stranger);
    }
}
