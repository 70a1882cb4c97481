// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IWorkerRegistry} from "../../src/interfaces/IWorkerRegistry.sol";
import {RegistryFixture} from "../base/RegistryFixture.sol";

contract AllowPairTest is RegistryFixture {
    function test_AllowPair_AllowsTheTwoTogetherAlone() public {
        bytes32 measurement = keccak256("new measurement");
        vm.expectEmit(address(registry));
        emit IWorkerRegistry.PairAllowed(measurement, CONFIG_HASH);
        vm.prank(admin);
        registry.allowPair(measurement, CONFIG_HASH);
        vm.assertTrue(registry.isPairAllowed(measurement, CONFIG_HASH), "the pair");
        vm.assertTrue(!registry.isPairAllowed(measurement, keccak256("other")), "another configuration");
        vm.assertTrue(!registry.isPairAllowed(CONFIG_HASH, measurement), "the other way round");
    }

    function test_AllowPair_RevertIf_CallerIsNoAdmin() public {
        vm.expectRevert(missingRole(stranger, 0));
        vm.prank(stranger);
        registry.allowPair(MEASUREMENT, CONFIG_HASH);
    }
}

contract DisallowPairTest is RegistryFixture {
    function test_DisallowPair_EndsItsWorkersUntilItIsAllowedAgain() public {
        address operator = addOperator("operator");
        address worker = account("worker");
        register(operator, worker);
        vm.startPrank(admin);
        registry.disallowPair(MEASUREMENT, CONFIG_HASH);
        vm.assertTrue(!registry.isActive(worker), "active");
        vm.assertEq(registry.workerOf(worker).measurement, MEASUREMENT, "what it runs is still known");
        registry.allowPair(MEASUREMENT, CONFIG_HASH);
        vm.assertTrue(registry.isActive(worker), "active again");
        vm.stopPrank();
    }

    function test_DisallowPair_RevertIf_CallerIsNoAdmin() public {
        vm.expectRevert(missingRole(stranger, 0));
        vm.prank(stranger);
        registry.disallowPair(MEASUREMENT, CONFIG_HASH);
    }
}

contract SetVerifierTest is RegistryFixture {
    function test_SetVerifier_ChangesWhoseEvidenceCounts() public {
        address operator = addOperator("operator");
        IAttestationVerifier other = deployVerifier(vm.addr(keyOf("other development key")));
        vm.prank(admin);
        registry.setVerifier(other);
        vm.assertEq(address(registry.verifier()), address(other), "verifier");
        bytes memory evidence = evidenceFor(operator, account("worker"), MEASUREMENT, CONFIG_HASH);
        vm.expectRevert(abi.encodeWithSignature("NotSignedByDevelopmentKey(address)", vm.addr(DEVELOPMENT_KEY)));
        vm.prank(operator);
        registry.register(account("worker"), X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, evidence);
    }

    function test_SetVerifier_RevertIf_ItHasNoCode() public {
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.InvalidVerifier.selector, stranger));
        vm.prank(admin);
        registry.setVerifier(IAttestationVerifier(stranger));
    }

    function test_SetVerifier_RevertIf_CallerIsNoAdmin() public {
        vm.startPrank(stranger);
        vm.expectRevert(missingRole(stranger, 0));
        registry.setVerifier(verifier);
        vm.expectRevert(missingRole(stranger, 0));
        registry.setVerifier(IAttestationVerifier(address(0)));
        vm.stopPrank();
    }
}

contract SetRegistrationValidityTest is RegistryFixture {
    function test_SetRegistrationValidity_IsForRegistrationsToCome() public {
        address operator = addOperator("operator");
        register(operator, account("worker 1"));
        vm.prank(admin);
        registry.setRegistrationValidity(1 days);
        register(operator, account("worker 2"));
        vm.assertEq(registry.workerOf(account("worker 1")).expiry, START + VALIDITY, "before");
        vm.assertEq(registry.workerOf(account("worker 2")).expiry, START + 1 days, "after");
    }

    function test_SetRegistrationValidity_RevertIf_OutOfBounds() public {
        vm.startPrank(admin);
        registry.setRegistrationValidity(365 days);
        vm.expectPartialRevert(IWorkerRegistry.InvalidRegistrationValidity.selector);
        registry.setRegistrationValidity(365 days + 1);
        vm.expectPartialRevert(IWorkerRegistry.InvalidRegistrationValidity.selector);
        registry.setRegistrationValidity(0);
        vm.stopPrank();
    }

    function test_SetRegistrationValidity_RevertIf_CallerIsNoAdmin() public {
        vm.expectRevert(missingRole(stranger, 0));
        vm.prank(stranger);
        registry.setRegistrationValidity(1 days);
    }
}

contract SetMaxWorkersPerOperatorTest is RegistryFixture {
    function test_SetMaxWorkersPerOperator_LimitsRegistrationsToCome() public {
        vm.assertEq(registry.maxWorkersPerOperator(), 2, "at first");
        address operator = addOperator("operator");
        vm.prank(admin);
        registry.setMaxWorkersPerOperator(3);
        register(operator, account("worker 1"));
        register(operator, account("worker 2"));
        register(operator, account("worker 3"));
        vm.prank(admin);
        registry.setMaxWorkersPerOperator(1);
        bytes memory evidence = evidenceFor(operator, account("worker 1"), MEASUREMENT, CONFIG_HASH);
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.TooManyWorkers.selector, operator, 1));
        vm.prank(operator);
        registry.register(account("worker 1"), X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, evidence);
    }

    function test_SetMaxWorkersPerOperator_RevertIf_Zero() public {
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.InvalidMaxWorkersPerOperator.selector, 0));
        vm.prank(admin);
        registry.setMaxWorkersPerOperator(0);
    }

    function test_SetMaxWorkersPerOperator_RevertIf_CallerIsNoAdmin() public {
        vm.expectRevert(missingRole(stranger, 0));
        vm.prank(stranger);
        registry.setMaxWorkersPerOperator(1);
    }
}
