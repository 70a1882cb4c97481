// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IWorkerRegistry} from "../../src/interfaces/IWorkerRegistry.sol";
import {RegistryFixture} from "../base/RegistryFixture.sol";

contract RegisterTest is RegistryFixture {
    address private operator;
    address private worker;

    function setUp() public override {
        super.setUp();
        operator = addOperator("operator");
        worker = account("worker");
    }

    function test_Register_MakesTheWorkerActive() public {
        vm.assertTrue(!registry.isActive(worker), "before");
        vm.expectEmit(address(registry));
        emit IWorkerRegistry.WorkerRegistered(
            worker, operator, X25519_KEY, VRF_KEY_HASH, MEASUREMENT, CONFIG_HASH, START + VALIDITY
        );
        register(operator, worker);
        vm.assertTrue(registry.isActive(worker), "active");
        vm.assertEq(registry.activeOperatorOf(worker), operator, "operator while active");
        vm.assertEq(registry.operatorOf(worker), operator, "operator");
    }

    function test_Register_StoresWhatTheEvidenceVouchesFor() public {
        register(operator, worker);
        IWorkerRegistry.Worker memory stored = registry.workerOf(worker);
        vm.assertEq(stored.operator, operator, "operator");
        vm.assertEq(stored.expiry, START + VALIDITY, "expiry");
        vm.assertTrue(!stored.revoked, "revoked");
        vm.assertEq(stored.x25519Key, X25519_KEY, "x25519 key");
        vm.assertEq(stored.vrfKeyHash, VRF_KEY_HASH, "vrf key hash");
        vm.assertEq(stored.measurement, MEASUREMENT, "measurement");
        vm.assertEq(stored.configHash, CONFIG_HASH, "config hash");
    }

    function test_Register_LastsUntilTheLastSecondOfItsValidity() public {
        register(operator, worker);
        vm.warp(START + VALIDITY);
        vm.assertTrue(registry.isActive(worker), "in the last second");
        vm.warp(START + VALIDITY + 1);
        vm.assertTrue(!registry.isActive(worker), "after it");
        vm.assertEq(registry.operatorOf(worker), operator, "its operator is known all the same");
    }

    function test_Register_RenewsWithFreshEvidence() public {
        register(operator, worker);
        vm.warp(START + VALIDITY + 5 days);
        register(operator, worker);
        vm.assertTrue(registry.isActive(worker), "active again");
        vm.assertEq(registry.workerOf(worker).expiry, START + 2 * VALIDITY + 5 days, "expiry");
        vm.assertEq(registry.workersOf(operator).length, 1, "one worker still");
    }

    function test_Register_TakesABlock256Old() public {
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        uint256 named = START_BLOCK - 1;
        // A block's hash is known for the 256 blocks after it.
        bytes32 hash = blockhash(named);
        vm.roll(named + 256);
        vm.setBlockhash(named, hash);
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, named, evidence);
        vm.assertTrue(registry.isActive(worker), "active");
    }

    function test_Register_RevertIf_TheBlockIs257Old() public {
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        uint256 named = START_BLOCK - 1;
        vm.roll(named + 257);
        expectRefusal(
            evidence, named, abi.encodeWithSelector(IWorkerRegistry.BlockNotRecent.selector, named, named + 257)
        );
    }

    function test_Register_RevertIf_TheBlockIsThisOneOrLater() public {
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        for (uint256 named = START_BLOCK; named < START_BLOCK + 2; ++named) {
            expectRefusal(
                evidence, named, abi.encodeWithSelector(IWorkerRegistry.BlockNotRecent.selector, named, START_BLOCK)
            );
        }
    }

    function test_Register_RevertIf_AnotherBlockIsNamedThanTheEvidenceHas() public {
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        vm.expectPartialRevert(IWorkerRegistry.ReportDataMismatch.selector);
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 2, evidence);
    }

    function test_Register_RevertIf_TheBlockWasReorganisedAway() public {
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        vm.setBlockhash(START_BLOCK - 1, keccak256("another block"));
        vm.expectPartialRevert(IWorkerRegistry.ReportDataMismatch.selector);
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, evidence);
    }

    function test_Register_RevertIf_AnArgumentDiffersFromTheEvidence() public {
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        uint256 named = START_BLOCK - 1;
        vm.startPrank(operator);
        vm.expectPartialRevert(IWorkerRegistry.ReportDataMismatch.selector);
        registry.register(account("other worker"), X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, named, evidence);
        vm.expectPartialRevert(IWorkerRegistry.ReportDataMismatch.selector);
        registry.register(worker, X25519_KEY ^ bytes32(uint256(1)), VRF_KEY_HASH, CONFIG_HASH, named, evidence);
        vm.expectPartialRevert(IWorkerRegistry.ReportDataMismatch.selector);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH ^ bytes32(uint256(1)), CONFIG_HASH, named, evidence);
        vm.expectPartialRevert(IWorkerRegistry.ReportDataMismatch.selector);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH ^ bytes32(uint256(1)), named, evidence);
        vm.stopPrank();
    }

    function test_Register_RevertIf_TheEvidenceIsForAnotherOperator() public {
        address thief = addOperator("thief");
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        vm.expectPartialRevert(IWorkerRegistry.ReportDataMismatch.selector);
        vm.prank(thief);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, evidence);
    }

    function test_Register_RevertIf_TheEvidenceIsForAnotherRegistryOrChain() public {
        IWorkerRegistry original = registry;
        registry = deployRegistry(admin, verifier, VALIDITY);
        bytes memory forAnother = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        registry = original;
        vm.expectPartialRevert(IWorkerRegistry.ReportDataMismatch.selector);
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, forAnother);

        bytes memory forThis = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        vm.chainId(1);
        vm.expectPartialRevert(IWorkerRegistry.ReportDataMismatch.selector);
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, forThis);
    }

    function test_Register_RevertIf_TheReportDataHasMoreThanTheHash() public {
        bytes memory reportData = reportDataFor(operator, worker, CONFIG_HASH);
        reportData[63] = 0x01;
        bytes memory evidence = simulatedQuote(DEVELOPMENT_KEY, MEASUREMENT, reportData);
        vm.expectPartialRevert(IWorkerRegistry.ReportDataMismatch.selector);
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, evidence);
    }

    function test_Register_RevertIf_TheVerifierRefusesTheEvidence() public {
        vm.expectRevert();
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, "no evidence");
    }

    function test_Register_RevertIf_ThereIsNoVerifier() public {
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        vm.prank(admin);
        registry.setVerifier(IAttestationVerifier(address(0)));
        expectRefusal(evidence, START_BLOCK - 1, abi.encodeWithSelector(IWorkerRegistry.NoVerifier.selector));
    }

    function test_Register_RevertIf_TheMeasurementIsNotAllowed() public {
        bytes32 other = keccak256("other measurement");
        expectRefusal(
            evidenceFor(operator, worker, other, CONFIG_HASH),
            START_BLOCK - 1,
            abi.encodeWithSelector(IWorkerRegistry.PairNotAllowed.selector, other, CONFIG_HASH)
        );
    }

    function test_Register_RevertIf_TheConfigurationIsNotAllowed() public {
        bytes32 other = keccak256("lenient configuration");
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, other);
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.PairNotAllowed.selector, MEASUREMENT, other));
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, other, START_BLOCK - 1, evidence);
    }

    function test_Register_RevertIf_CallerIsNoOperator() public {
        bytes memory evidence = evidenceFor(stranger, worker, MEASUREMENT, CONFIG_HASH);
        bytes memory reason = missingRole(stranger, registry.OPERATOR_ROLE());
        vm.expectRevert(reason);
        vm.prank(stranger);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, evidence);
    }

    function test_Register_RevertIf_TheWorkerIsZero() public {
        worker = address(0);
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH);
        expectRefusal(evidence, START_BLOCK - 1, abi.encodeWithSelector(IWorkerRegistry.ZeroWorker.selector));
    }

    function test_Register_RevertIf_TheWorkerIsAnotherOperators() public {
        register(operator, worker);
        address second = addOperator("second operator");
        bytes memory evidence = evidenceFor(second, worker, MEASUREMENT, CONFIG_HASH);
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.WorkerOfAnotherOperator.selector, worker, operator));
        vm.prank(second);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, START_BLOCK - 1, evidence);
    }

    function test_Register_RevertIf_TheWorkerWasRevoked() public {
        register(operator, worker);
        vm.prank(operator);
        registry.revoke(worker);
        expectRefusal(
            evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH),
            START_BLOCK - 1,
            abi.encodeWithSelector(IWorkerRegistry.WorkerIsRevoked.selector, worker)
        );
    }

    function test_Register_RevertIf_TheOperatorHasTwoWorkers() public {
        register(operator, account("worker 1"));
        register(operator, account("worker 2"));
        expectRefusal(
            evidenceFor(operator, worker, MEASUREMENT, CONFIG_HASH),
            START_BLOCK - 1,
            abi.encodeWithSelector(IWorkerRegistry.TooManyWorkers.selector, operator, 2)
        );
    }

    function test_Register_RevertIf_TwoWorkersAreOnlyHeldBackByTheirPair() public {
        register(operator, account("worker 1"));
        register(operator, account("worker 2"));
        bytes32 newConfiguration = keccak256("new configuration");
        vm.startPrank(admin);
        registry.disallowPair(MEASUREMENT, CONFIG_HASH);
        registry.allowPair(MEASUREMENT, newConfiguration);
        vm.stopPrank();
        // Else there were three active workers once the first pair is allowed again.
        bytes memory evidence = evidenceFor(operator, worker, MEASUREMENT, newConfiguration);
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.TooManyWorkers.selector, operator, 2));
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, newConfiguration, START_BLOCK - 1, evidence);
    }

    function test_Register_CountsNeitherExpiredNorRevokedWorkers() public {
        register(operator, account("worker 1"));
        vm.warp(START + 1 days);
        register(operator, account("worker 2"));
        vm.warp(START + VALIDITY + 1);
        register(operator, account("worker 3"));
        vm.assertEq(registry.workersOf(operator).length, 2, "worker 1 has expired");
        vm.prank(operator);
        registry.revoke(account("worker 2"));
        register(operator, account("worker 4"));
        vm.assertEq(registry.workersOf(operator).length, 2, "workers 3 and 4");
        vm.assertTrue(registry.isActive(account("worker 3")) && registry.isActive(account("worker 4")), "active");
    }

    function test_Register_RenewsAWorkerAtTheLimit() public {
        register(operator, account("worker 1"));
        register(operator, account("worker 2"));
        vm.warp(START + 1 days);
        register(operator, account("worker 1"));
        vm.assertEq(registry.workerOf(account("worker 1")).expiry, START + 1 days + VALIDITY, "renewed");
    }

    function expectRefusal(bytes memory evidence, uint256 blockNumber, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, CONFIG_HASH, blockNumber, evidence);
    }
}
