// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IWorkerRegistry} from "../../src/interfaces/IWorkerRegistry.sol";
import {PhatProtocol} from "../../src/libraries/PhatProtocol.sol";
import {Test} from "./Test.sol";

/// @title A registry with an admin, an allowed pair, and operators who register workers with simulated quotes
abstract contract RegistryFixture is Test {
    uint256 internal constant DEVELOPMENT_KEY = uint256(keccak256("phat-development-attestation-key/v1"));
    // The time and block of the set-up: far enough from zero for older ones to exist. Tests that move the time reckon
    // from here: to the compiler block.timestamp never changes within a call.
    uint64 internal constant START = 1_800_000_000;
    uint256 internal constant START_BLOCK = 1_000;
    uint64 internal constant VALIDITY = 30 days;
    bytes32 internal constant MEASUREMENT = keccak256("measurement");
    bytes32 internal constant CONFIG_HASH = keccak256("configuration");
    bytes32 internal constant X25519_KEY = keccak256("x25519 key");
    bytes32 internal constant VRF_KEY_HASH = keccak256("vrf key");

    address internal admin;
    address internal stranger;
    IAttestationVerifier internal verifier;
    IWorkerRegistry internal registry;

    function setUp() public virtual {
        vm.warp(START);
        vm.roll(START_BLOCK);
        admin = account("admin");
        stranger = account("stranger");
        verifier = deployVerifier(vm.addr(DEVELOPMENT_KEY));
        registry = deployRegistry(admin, verifier, VALIDITY);
        vm.prank(admin);
        registry.allowPair(MEASUREMENT, CONFIG_HASH);
    }

    function deployVerifier(address developmentKey) internal returns (IAttestationVerifier) {
        bytes memory arguments = abi.encode(developmentKey);
        return IAttestationVerifier(vm.deployCode("SimulatedAttestationVerifier.sol", arguments));
    }

    function deployRegistry(address admin_, IAttestationVerifier verifier_, uint64 validity)
        internal
        returns (IWorkerRegistry)
    {
        return IWorkerRegistry(vm.deployCode("WorkerRegistry.sol", abi.encode(admin_, verifier_, validity)));
    }

    function addOperator(string memory name) internal returns (address operator) {
        operator = account(name);
        bytes32 role = registry.OPERATOR_ROLE();
        vm.prank(admin);
        registry.grantRole(role, operator);
    }

    /// @dev Registers `worker` for `operator` with fresh evidence of the allowed pair.
    function register(address operator, address worker) internal {
        register(operator, worker, MEASUREMENT, CONFIG_HASH);
    }

    function register(address operator, address worker, bytes32 measurement, bytes32 configHash) internal {
        bytes memory evidence = evidenceFor(operator, worker, measurement, configHash);
        vm.prank(operator);
        registry.register(worker, X25519_KEY, VRF_KEY_HASH, configHash, block.number - 1, evidence);
    }

    /// @dev Genuine evidence over the block before this one.
    function evidenceFor(address operator, address worker, bytes32 measurement, bytes32 configHash)
        internal
        view
        returns (bytes memory)
    {
        return simulatedQuote(DEVELOPMENT_KEY, measurement, reportDataFor(operator, worker, configHash));
    }

    function reportDataFor(address operator, address worker, bytes32 configHash) internal view returns (bytes memory) {
        uint256 blockNumber = block.number - 1;
        PhatProtocol.WorkerBinding memory binding = PhatProtocol.WorkerBinding({
            chainId: block.chainid,
            registry: address(registry),
            operator: operator,
            worker: worker,
            x25519Key: X25519_KEY,
            vrfKeyHash: VRF_KEY_HASH,
            configHash: configHash,
            blockNumber: blockNumber,
            blockHash: blockhash(blockNumber)
        });
        return PhatProtocol.reportData(binding);
    }

    function simulatedQuote(uint256 key, bytes32 measurement, bytes memory reportData)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 digest = PhatProtocol.simulatedQuoteDigest(measurement, reportData);
        return abi.encode(measurement, reportData, signature(key, digest));
    }

    function signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The error of a caller without a role.
    function missingRole(address caller, bytes32 role) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("AccessControlUnauthorizedAccount(address,bytes32)", caller, role);
    }
}
