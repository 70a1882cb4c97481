// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IWorkerRegistry} from "../../src/interfaces/IWorkerRegistry.sol";
import {PhatProtocol} from "../../src/libraries/PhatProtocol.sol";
import {Authority} from "./Authority.sol";

/// @title Has everyone try to register and revoke workers and to change the registry's settings, and keeps the books
contract RegistryHandler is Authority {
    uint256 private constant WORKERS = 6;
    bytes32 private constant X25519_KEY = keccak256("x25519 key");
    bytes32 private constant VRF_KEY_HASH = keccak256("vrf key");

    /// @dev One worker's.
    struct Line {
        address operator;
        uint256 expiry;
        bool revoked;
        bytes32 measurement;
        bytes32 configHash;
    }

    IWorkerRegistry private immutable _registry;
    IAttestationVerifier private immutable _verifier;
    uint256 private immutable _attestationKey;
    address[WORKERS] private _workers;
    mapping(address worker => Line) private _lines;
    mapping(bytes32 measurement => mapping(bytes32 configHash => bool)) private _allowed;
    // The limit when an operator last registered a worker.
    mapping(address operator => uint256) private _limits;
    bool private _verifying = true;
    uint256 private _validity;
    uint256 private _maxWorkers;

    constructor(IWorkerRegistry registry, uint256 attestationKey, address[] memory everyone)
        Authority(registry, everyone)
    {
        _registry = registry;
        for (uint256 i = 0; i < WORKERS; ++i) {
            _workers[i] = vm.addr(1 + i);
        }
        _verifier = registry.verifier();
        _attestationKey = attestationKey;
        _validity = registry.registrationValidity();
        _maxWorkers = registry.maxWorkersPerOperator();
        for (uint256 i = 0; i < 2; ++i) {
            (bytes32 measurement, bytes32 configHash) = (_half(i), _half(i));
            vm.prank(everyone[0]);
            registry.allowPair(measurement, configHash);
            _allowed[measurement][configHash] = true;
        }
        for (uint256 i = 0; i < everyone.length; ++i) {
            _holds[OPERATOR_ROLE][everyone[i]] = registry.hasRole(OPERATOR_ROLE, everyone[i]);
        }
    }

    /// @dev A few at once, or no limit would be reached.
    function doRegister(uint256 number) external {
        uint256 seed = _hash(number);
        for (uint256 i = 0; i <= seed % 3; ++i) {
            _register(_hash(seed + i));
        }
    }

    function doRevoke(uint256 number) external {
        uint256 seed = _hash(number);
        // Seldom: it is for ever.
        if (seed % 8 != 0) return;
        address worker = workerAt(seed >> 8);
        address caller = _caller(seed);
        bool allowed = _isAdmin(caller) || caller == _lines[worker].operator;
        if (!_try(seed, abi.encodeCall(_registry.revoke, (worker)), allowed, "revoked")) return;
        _lines[worker].revoked = true;
        if (!_isAdmin(caller)) ++happened["revoked by its operator"];
    }

    function doAllowPair(uint256 number) external {
        uint256 seed = _hash(number);
        (bytes32 measurement, bytes32 configHash) = (_half(seed), _half(seed >> 8));
        bytes memory call = abi.encodeCall(_registry.allowPair, (measurement, configHash));
        if (_try(seed, call, _mayAdd(_caller(seed)), "pair allowed")) _allowed[measurement][configHash] = true;
    }

    function doDisallowPair(uint256 number) external {
        uint256 seed = _hash(number);
        if (seed % 4 != 0) return;
        (bytes32 measurement, bytes32 configHash) = (_half(seed >> 16), _half(seed >> 8));
        bytes memory call = abi.encodeCall(_registry.disallowPair, (measurement, configHash));
        if (_try(seed, call, _isAdmin(_caller(seed)), "pair disallowed")) _allowed[measurement][configHash] = false;
    }

    function doSetVerifier(uint256 number) external {
        uint256 seed = _hash(number);
        // The verifier, more often than none.
        bool verifying = seed % 4 != 0;
        bytes memory call =
            abi.encodeCall(_registry.setVerifier, (verifying ? _verifier : IAttestationVerifier(address(0))));
        if (_try(seed, call, _mayChange(_caller(seed), verifying), "verifier set")) _verifying = verifying;
    }

    function doSetValidity(uint256 number) external {
        uint256 seed = _hash(number);
        uint64 validity = uint64(seed % 8 == 0 ? 365 days + (seed >> 8) % 2 : (seed >> 8) % 1_000);
        bool allowed = _mayChange(_caller(seed), validity > _validity) && validity != 0 && validity <= 365 days;
        bytes memory call = abi.encodeCall(_registry.setRegistrationValidity, (validity));
        if (_try(seed, call, allowed, "validity set")) _validity = validity;
    }

    function doSetMaxWorkers(uint256 number) external {
        uint256 seed = _hash(number);
        uint8 most = uint8((seed >> 8) % 4);
        bool allowed = _mayChange(_caller(seed), most > _maxWorkers) && most != 0;
        bytes memory call = abi.encodeCall(_registry.setMaxWorkersPerOperator, (most));
        if (_try(seed, call, allowed, "maximum set")) _maxWorkers = most;
    }

    function doPassTime(uint256 number) external {
        uint256 seed = _hash(number);
        vm.warp(block.timestamp + seed % 200);
        vm.roll(block.number + 1);
    }

    /// @notice How many workers there are.
    function workerCount() external pure returns (uint256) {
        return WORKERS;
    }

    /// @notice One of them.
    function workerAt(uint256 index) public view returns (address) {
        return _workers[index % WORKERS];
    }

    /// @notice The operator of a worker that must be active; zero of one that must not.
    function activeOperatorDue(address worker) external view returns (address) {
        Line storage line = _lines[worker];
        return _isLive(worker) && _allowed[line.measurement][line.configHash] ? line.operator : address(0);
    }

    /// @notice Who registered a worker, and whether it is banned.
    function workerDue(address worker) external view returns (address operator, bool revoked) {
        return (_lines[worker].operator, _lines[worker].revoked);
    }

    /// @notice How many workers of an operator are neither revoked nor expired, and how many there may be.
    function liveOf(address operator) public view returns (uint256 count, uint256 limit) {
        for (uint256 i = 0; i < WORKERS; ++i) {
            if (_lines[_workers[i]].operator == operator && _isLive(_workers[i])) ++count;
        }
        return (count, _limits[operator]);
    }

    /// @dev Three times in four with good evidence, and mostly by the worker's operator, or one of the first two.
    function _register(uint256 seed) private {
        address caller = _lines[workerAt(seed >> 8)].operator;
        if ((seed >> 80) % 4 == 0) caller = _actor(seed >> 72);
        else if (caller == address(0)) caller = _actors[1 + (seed >> 72) % 2];
        bool good = seed % 4 != 0;
        PhatProtocol.WorkerBinding memory binding = PhatProtocol.WorkerBinding({
            chainId: block.chainid,
            registry: address(_registry),
            operator: caller,
            worker: workerAt(seed >> 8),
            x25519Key: X25519_KEY,
            vrfKeyHash: VRF_KEY_HASH,
            configHash: _half(seed >> 16),
            blockNumber: block.number - 1 - (seed >> 24) % 256,
            blockHash: 0
        });
        binding.blockHash = blockhash(binding.blockNumber);
        bytes memory evidence = _evidence(binding, _half(seed >> 40), good ? type(uint256).max : (seed >> 48));
        // One block too old, with the hash that it had.
        if (!good && (seed >> 48) % 11 == 9) vm.roll(binding.blockNumber + 257);
        bool allowed = good && _verifying && _holds[OPERATOR_ROLE][caller]
            && _allowed[_half(seed >> 40)][binding.configHash] && _mayEnrol(caller, binding.worker);
        vm.prank(caller);
        try _registry.register(
            binding.worker, X25519_KEY, VRF_KEY_HASH, binding.configHash, binding.blockNumber, evidence
        ) {
            vm.assertTrue(allowed, "a worker was registered that must not be");
            ++happened[_lines[binding.worker].operator == address(0) ? bytes32("registered") : bytes32("renewed")];
            _lines[binding.worker] =
                Line(caller, block.timestamp + _validity, false, _half(seed >> 40), binding.configHash);
            _limits[caller] = _maxWorkers;
        } catch {
            vm.assertTrue(!allowed, "a worker was not registered that may be");
            ++happened[good ? bytes32("not registered") : bytes32("not believed")];
            (uint256 count,) = liveOf(caller);
            if (good && count == _maxWorkers) ++happened["limited"];
        }
    }

    function _isLive(address worker) private view returns (bool) {
        Line storage line = _lines[worker];
        return line.operator != address(0) && !line.revoked && block.timestamp <= line.expiry;
    }

    function _mayEnrol(address operator, address worker) private view returns (bool) {
        Line storage line = _lines[worker];
        if (line.revoked || (line.operator != address(0) && line.operator != operator)) return false;
        (uint256 count,) = liveOf(operator);
        return (_isLive(worker) ? count : count + 1) <= _maxWorkers;
    }

    /// @dev Evidence over `binding`, or with what is wrong of it.
    function _evidence(PhatProtocol.WorkerBinding memory binding, bytes32 measurement, uint256 flaw)
        private
        view
        returns (bytes memory)
    {
        bool good = flaw == type(uint256).max;
        bytes memory reportData = PhatProtocol.reportData(binding);
        // 0 to 8: something else is vouched for in one of the fields.
        if (!good && flaw % 11 < 9) {
            PhatProtocol.WorkerBinding memory other = abi.decode(abi.encode(binding), (PhatProtocol.WorkerBinding));
            assembly ("memory-safe") {
                let word := add(other, mul(mod(flaw, 11), 0x20))
                mstore(word, xor(mload(word), 1))
            }
            reportData = PhatProtocol.reportData(other);
        }
        // 9: too old; the caller sees to it. 10: not by the key that is believed.
        uint256 key = !good && flaw % 11 == 10 ? _attestationKey + 1 : _attestationKey;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, PhatProtocol.simulatedQuoteDigest(measurement, reportData));
        return abi.encode(measurement, reportData, abi.encodePacked(r, s, v));
    }

    /// @dev One of two measurements, or of two configurations.
    function _half(uint256 seed) private pure returns (bytes32) {
        return keccak256(abi.encode("half of a pair", seed % 2));
    }
}
