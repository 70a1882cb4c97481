// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IWorkerRegistry} from "../../src/interfaces/IWorkerRegistry.sol";
import {RegistryFixture} from "../base/RegistryFixture.sol";

contract RevokeTest is RegistryFixture {
    address private operator;
    address private worker;

    function setUp() public override {
        super.setUp();
        operator = addOperator("operator");
        worker = account("worker");
        register(operator, worker);
    }

    function test_Revoke_EndsAWorkerAtOnce() public {
        vm.expectEmit(address(registry));
        emit IWorkerRegistry.WorkerRevoked(worker, operator);
        vm.prank(admin);
        registry.revoke(worker);
        vm.assertTrue(!registry.isActive(worker), "active");
        vm.assertTrue(registry.workerOf(worker).revoked, "revoked");
        vm.assertEq(registry.workersOf(operator).length, 0, "counted workers");
    }

    function test_Revoke_IsOpenToTheWorkersOperator() public {
        vm.prank(operator);
        registry.revoke(worker);
        vm.assertTrue(!registry.isActive(worker), "active");
    }

    function test_Revoke_BansAnAddressThatWasNeverRegistered() public {
        address leaked = account("leaked worker");
        vm.prank(admin);
        registry.revoke(leaked);
        bytes memory evidence = evidenceFor(operator, leaked, MEASUREMENT, CONFIG_HASH);
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.WorkerIsRevoked.selector, leaked));
        vm.prank(operator);
        registry.register(leaked, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, evidence);
    }

    function test_Revoke_RevertIf_CallerIsNeitherAdminNorItsOperator() public {
        address other = addOperator("other operator");
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.NotOperatorOf.selector, worker, other));
        vm.prank(other);
        registry.revoke(worker);
    }

    function test_Revoke_RevertIf_AnOperatorBansAnUnregisteredAddress() public {
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.NotOperatorOf.selector, stranger, operator));
        vm.prank(operator);
        registry.revoke(stranger);
    }
}
