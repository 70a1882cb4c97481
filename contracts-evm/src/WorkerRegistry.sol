// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {IAttestationVerifier} from "./interfaces/IAttestationVerifier.sol";
import {IWorkerRegistry} from "./interfaces/IWorkerRegistry.sol";
import {PhatProtocol} from "./libraries/PhatProtocol.sol";
import {TimelockedAdditions} from "./access/TimelockedAdditions.sol";

/// @title The registry of workers
/// @notice Not upgradeable. An operator's limit counts its workers that are neither revoked nor expired, whether or not
/// their code is allowed at the moment, so that allowing a pair again never puts more than the limit in force.
contract WorkerRegistry is IWorkerRegistry, TimelockedAdditions {
    using EnumerableSet for EnumerableSet.AddressSet;

    /// @inheritdoc IWorkerRegistry
    bytes32 public constant override OPERATOR_ROLE = keccak256("OPERATOR_ROLE");
    /// @notice The longest that a registration can be told to last, in seconds.
    uint64 public constant MAX_REGISTRATION_VALIDITY = 365 days;

    struct Registration {
        // One slot.
        address operator;
        uint64 expiry;
        bool revoked;
        bytes32 pairId;
        bytes32 x25519Key;
        bytes32 vrfKeyHash;
    }

    struct Pair {
        bool allowed;
        bytes32 measurement;
        bytes32 configHash;
    }

    IAttestationVerifier public override verifier;
    uint64 public override registrationValidity;
    uint8 public override maxWorkersPerOperator;

    mapping(address worker => Registration) private _registrations;
    mapping(bytes32 pairId => Pair) private _pairs;
    mapping(address operator => EnumerableSet.AddressSet) private _workersOf;

    constructor(address admin, IAttestationVerifier verifier_, uint64 validity) TimelockedAdditions(admin) {
        _setVerifier(verifier_);
        _setRegistrationValidity(validity);
        _setMaxWorkersPerOperator(2);
    }

    /// @inheritdoc IWorkerRegistry
    function register(
        address worker,
        bytes32 x25519Key,
        bytes32 vrfKeyHash,
        bytes32 configHash,
        uint256 blockNumber,
        bytes calldata evidence
    ) external onlyRole(OPERATOR_ROLE) {
        require(worker != address(0), ZeroWorker());
        bytes32 blockHash = blockhash(blockNumber);
        require(blockHash != 0, BlockNotRecent(blockNumber, block.number));

        PhatProtocol.WorkerBinding memory binding = PhatProtocol.WorkerBinding({
            chainId: block.chainid,
            registry: address(this),
            operator: msg.sender,
            worker: worker,
            x25519Key: x25519Key,
            vrfKeyHash: vrfKeyHash,
            configHash: configHash,
            blockNumber: blockNumber,
            blockHash: blockHash
        });
        // The verifier is one that was trusted to say who is a worker: it needs no re-entry to lie.
        // slither-disable-next-line reentrancy-benign,reentrancy-events
        bytes32 measurement = _checkEvidence(evidence, PhatProtocol.reportData(binding));
        require(_pairs[_pairId(measurement, configHash)].allowed, PairNotAllowed(measurement, configHash));
        _enrol(binding, measurement);
    }

    /// @inheritdoc IWorkerRegistry
    function revoke(address worker) external {
        Registration storage registration = _registrations[worker];
        address operator = registration.operator;
        require(msg.sender == operator || hasRole(DEFAULT_ADMIN_ROLE, msg.sender), NotOperatorOf(worker, msg.sender));
        registration.revoked = true;
        // One that was never registered, or counts no more, isn't there.
        // slither-disable-next-line unused-return
        _workersOf[operator].remove(worker);
        emit WorkerRevoked(worker, operator);
    }

    /// @inheritdoc IWorkerRegistry
    function allowPair(bytes32 measurement, bytes32 configHash) external onlyForAdditions {
        _pairs[_pairId(measurement, configHash)] =
            Pair({allowed: true, measurement: measurement, configHash: configHash});
        emit PairAllowed(measurement, configHash);
    }

    /// @inheritdoc IWorkerRegistry
    function disallowPair(bytes32 measurement, bytes32 configHash) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _pairs[_pairId(measurement, configHash)].allowed = false;
        emit PairDisallowed(measurement, configHash);
    }

    /// @inheritdoc IWorkerRegistry
    function setVerifier(IAttestationVerifier verifier_) external {
        _checkChange({widens: address(verifier_) != address(0)});
        _setVerifier(verifier_);
    }

    /// @inheritdoc IWorkerRegistry
    function setRegistrationValidity(uint64 validity) external {
        _checkChange({widens: validity > registrationValidity});
        _setRegistrationValidity(validity);
    }

    /// @inheritdoc IWorkerRegistry
    function setMaxWorkersPerOperator(uint8 maxWorkers) external {
        _checkChange({widens: maxWorkers > maxWorkersPerOperator});
        _setMaxWorkersPerOperator(maxWorkers);
    }

    /// @inheritdoc IWorkerRegistry
    function activeOperatorOf(address worker) public view returns (address) {
        Registration storage registration = _registrations[worker];
        address operator = registration.operator;
        // As in {_isLive}.
        // slither-disable-next-line timestamp
        bool active = operator != address(0) && _isLive(registration) && _pairs[registration.pairId].allowed;
        return active ? operator : address(0);
    }

    /// @inheritdoc IWorkerRegistry
    function isActive(address worker) external view returns (bool) {
        return activeOperatorOf(worker) != address(0);
    }

    /// @inheritdoc IWorkerRegistry
    function operatorOf(address worker) external view returns (address) {
        return _registrations[worker].operator;
    }

    /// @inheritdoc IWorkerRegistry
    function workerOf(address worker) external view returns (Worker memory) {
        Registration storage registration = _registrations[worker];
        Pair storage pair = _pairs[registration.pairId];
        return Worker({
            operator: registration.operator,
            expiry: registration.expiry,
            revoked: registration.revoked,
            x25519Key: registration.x25519Key,
            vrfKeyHash: registration.vrfKeyHash,
            measurement: pair.measurement,
            configHash: pair.configHash
        });
    }

    /// @inheritdoc IWorkerRegistry
    function workersOf(address operator) external view returns (address[] memory) {
        return _workersOf[operator].values();
    }

    /// @inheritdoc IWorkerRegistry
    function isPairAllowed(bytes32 measurement, bytes32 configHash) external view returns (bool) {
        return _pairs[_pairId(measurement, configHash)].allowed;
    }

    /// @dev Has the verifier check `evidence`, and compares what it vouches for. Returns the measurement.
    function _checkEvidence(bytes calldata evidence, bytes memory expected) private returns (bytes32) {
        require(address(verifier) != address(0), NoVerifier());
        (bytes32 measurement, bytes memory reported) = verifier.verify(evidence);
        require(
            reported.length == expected.length && keccak256(reported) == keccak256(expected),
            ReportDataMismatch(expected, reported)
        );
        return measurement;
    }

    /// @dev Stores or renews a worker whose evidence has been checked.
    function _enrol(PhatProtocol.WorkerBinding memory binding, bytes32 measurement) private {
        address worker = binding.worker;
        Registration storage registration = _registrations[worker];
        // A flag, and no time: it shares a slot with one.
        // slither-disable-next-line timestamp
        require(!registration.revoked, WorkerIsRevoked(worker));
        address holder = registration.operator;
        require(holder == address(0) || holder == binding.operator, WorkerOfAnotherOperator(worker, holder));
        _countWorker(binding.operator, worker);

        uint64 expiry = uint64(block.timestamp) + registrationValidity;
        registration.operator = binding.operator;
        registration.expiry = expiry;
        registration.pairId = _pairId(measurement, binding.configHash);
        registration.x25519Key = binding.x25519Key;
        registration.vrfKeyHash = binding.vrfKeyHash;
        emit WorkerRegistered(
            worker, binding.operator, binding.x25519Key, binding.vrfKeyHash, measurement, binding.configHash, expiry
        );
    }

    /// @dev Counts `worker` among its operator's, once those that no longer count are gone.
    function _countWorker(address operator, address worker) private {
        EnumerableSet.AddressSet storage counted = _workersOf[operator];
        address[] memory known = counted.values();
        for (uint256 i = 0; i < known.length; ++i) {
            // It is there: the set was just listed.
            // slither-disable-next-line unused-return
            if (!_isLive(_registrations[known[i]])) counted.remove(known[i]);
        }
        // One that is renewed is there already.
        // slither-disable-next-line unused-return
        counted.add(worker);
        require(counted.length() <= maxWorkersPerOperator, TooManyWorkers(operator, maxWorkersPerOperator));
    }

    function _isLive(Registration storage registration) private view returns (bool) {
        // Registrations last for days: the seconds that a block's maker may add decide nothing.
        // slither-disable-next-line timestamp
        return !registration.revoked && block.timestamp <= registration.expiry;
    }

    function _setVerifier(IAttestationVerifier verifier_) private {
        require(
            address(verifier_) == address(0) || address(verifier_).code.length != 0, InvalidVerifier(address(verifier_))
        );
        verifier = verifier_;
        emit VerifierChanged(address(verifier_));
    }

    function _setRegistrationValidity(uint64 validity) private {
        require(
            validity != 0 && validity <= MAX_REGISTRATION_VALIDITY,
            InvalidRegistrationValidity(validity, MAX_REGISTRATION_VALIDITY)
        );
        registrationValidity = validity;
        emit RegistrationValidityChanged(validity);
    }

    function _setMaxWorkersPerOperator(uint8 maxWorkers) private {
        require(maxWorkers != 0, InvalidMaxWorkersPerOperator(maxWorkers));
        maxWorkersPerOperator = maxWorkers;
        emit MaxWorkersPerOperatorChanged(maxWorkers);
    }

    function _pairId(bytes32 measurement, bytes32 configHash) private pure returns (bytes32) {
        return keccak256(abi.encode(measurement, configHash));
    }
}
