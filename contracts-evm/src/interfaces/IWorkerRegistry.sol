// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAttestationVerifier} from "./IAttestationVerifier.sol";
import {ITimelockedAdditions} from "./ITimelockedAdditions.sol";

/// @title The workers whose reports count
/// @notice A worker is one enclave, known by the address of its secp256k1 key. It is active while it is registered, not
/// revoked, not expired, and the code and configuration that it proved to run are still allowed.
interface IWorkerRegistry is ITimelockedAdditions {
    // A parameter is named after the setting that it becomes: there is no code here to mistake one for the other.
    // slither-disable-start shadowing-local
    /// @notice What is known of a worker.
    struct Worker {
        /// Who registered it; zero for one that never was.
        address operator;
        /// The last second in which it is active, unix seconds.
        uint64 expiry;
        /// Banned for ever.
        bool revoked;
        /// Its X25519 public key, which secrets are sealed to.
        bytes32 x25519Key;
        /// keccak256 of its RFC 9381-encoded VRF public key; zero without one.
        bytes32 vrfKeyHash;
        /// What code it proved to run.
        bytes32 measurement;
        /// The hash of the configuration that it proved to run with.
        bytes32 configHash;
    }

    /// @notice A worker was registered, or renewed.
    event WorkerRegistered(
        address indexed worker,
        address indexed operator,
        bytes32 x25519Key,
        bytes32 vrfKeyHash,
        bytes32 measurement,
        bytes32 configHash,
        uint64 expiry
    );
    /// @notice A worker's address was banned for ever.
    event WorkerRevoked(address indexed worker, address indexed operator);
    /// @notice Workers that prove this code with this configuration may register, and those that did are active.
    event PairAllowed(bytes32 indexed measurement, bytes32 indexed configHash);
    /// @notice Workers that prove this code with this configuration are no longer active.
    event PairDisallowed(bytes32 indexed measurement, bytes32 indexed configHash);
    /// @notice Evidence is checked by `verifier` from now on; zero: none is accepted.
    event VerifierChanged(address indexed verifier);
    /// @notice Registrations to come last this long, in seconds.
    event RegistrationValidityChanged(uint64 validity);
    /// @notice The most workers of one operator, for registrations to come.
    event MaxWorkersPerOperatorChanged(uint8 maxWorkers);

    error ZeroWorker();
    error NoVerifier();
    error InvalidVerifier(address verifier);
    error WorkerIsRevoked(address worker);
    error WorkerOfAnotherOperator(address worker, address operator);
    error BlockNotRecent(uint256 blockNumber, uint256 currentBlock);
    error ReportDataMismatch(bytes expected, bytes reported);
    error PairNotAllowed(bytes32 measurement, bytes32 configHash);
    error TooManyWorkers(address operator, uint256 limit);
    error NotOperatorOf(address worker, address account);
    error InvalidRegistrationValidity(uint64 validity, uint64 limit);
    error InvalidMaxWorkersPerOperator(uint8 maxWorkers);

    /// @notice Registers a worker of the caller, or renews it with fresh evidence.
    /// @dev Needs OPERATOR_ROLE. The evidence's report data must be {PhatProtocol-reportData} over these arguments, the
    /// caller, this registry and chain, and the hash of block `blockNumber`, which is one of the last 256.
    /// @param worker The address of the worker's key.
    /// @param x25519Key The worker's X25519 public key.
    /// @param vrfKeyHash keccak256 of the worker's VRF public key; zero without one.
    /// @param configHash The hash of the worker's configuration.
    /// @param blockNumber The block that the evidence names: at most 256 old, so that an old quote registers nothing.
    /// @param evidence What {verifier} takes.
    function register(
        address worker,
        bytes32 x25519Key,
        bytes32 vrfKeyHash,
        bytes32 configHash,
        uint256 blockNumber,
        bytes calldata evidence
    ) external;

    /// @notice Bans a worker's address for ever, at once. Its operator may, and an admin, who may ban an address that
    /// was never registered, too.
    function revoke(address worker) external;

    /// @notice Allows workers that prove this code with this configuration. An addition.
    function allowPair(bytes32 measurement, bytes32 configHash) external;

    /// @notice Takes {allowPair} back, at once: no such worker is active any more.
    function disallowPair(bytes32 measurement, bytes32 configHash) external;

    /// @notice Sets what checks evidence: an addition. Zero, with immediate effect: nothing is accepted any more.
    /// Registered workers stay until they expire or are revoked.
    function setVerifier(IAttestationVerifier verifier) external;

    /// @notice Sets how long registrations to come last, in seconds: 1 to 365 days' worth. To lengthen is an addition.
    function setRegistrationValidity(uint64 validity) external;

    /// @notice Sets the most workers of one operator, at least 1, for registrations to come. To raise is an addition.
    function setMaxWorkersPerOperator(uint8 maxWorkers) external;

    /// @notice The role of those who may register workers.
    function OPERATOR_ROLE() external view returns (bytes32);

    /// @notice Whether a report that `worker` signs counts now.
    function isActive(address worker) external view returns (bool);

    /// @notice The operator of an active worker; zero when the worker isn't active.
    function activeOperatorOf(address worker) external view returns (address);

    /// @notice Who registered a worker, active or not; zero when nobody did.
    function operatorOf(address worker) external view returns (address);

    /// @notice All that is known of a worker.
    function workerOf(address worker) external view returns (Worker memory);

    /// @notice The workers that count against an operator's limit: those neither revoked nor expired, and possibly some
    /// that are, until the operator's next registration.
    function workersOf(address operator) external view returns (address[] memory);

    /// @notice Whether workers that prove this code with this configuration may register and be active.
    function isPairAllowed(bytes32 measurement, bytes32 configHash) external view returns (bool);

    /// @notice What checks evidence; zero when nothing does.
    function verifier() external view returns (IAttestationVerifier);

    /// @notice How long a registration lasts, in seconds.
    function registrationValidity() external view returns (uint64);

    /// @notice The most workers of one operator.
    function maxWorkersPerOperator() external view returns (uint8);
    // slither-disable-end shadowing-local
}
