// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {IWorkerRegistry} from "../../src/interfaces/IWorkerRegistry.sol";
import {CountingConsumer} from "../consumers/CountingConsumer.sol";
import {Test} from "../base/Test.sol";
import {Books} from "./Books.sol";

/// @title Drives the oracle at random, and keeps the books of it
/// @dev The fuzzer calls the `do…` functions in any order. Most of what they try is allowed, and some of it isn't: a
/// call that succeeds though the books say no, or the other way round, is counted as a surprise.
contract OracleHandler is Books, Test {
    uint32 private constant CALLBACK_GAS = 200_000;
    uint256 private constant PAYEES = 3;

    IPhatOracle private immutable _oracle;
    IWorkerRegistry private immutable _registry;
    address private immutable _admin;
    bytes32 private immutable _measurement;
    bytes32 private immutable _configHash;
    CountingConsumer private immutable _open;
    CountingConsumer private immutable _obstructed;
    // Of workers, registered and not.
    uint256[] private _keys;

    mapping(address worker => uint256) private _activeUntil;
    mapping(address worker => address) private _operatorOf;
    mapping(address worker => bool) private _banned;
    bool private _pairAllowed = true;

    /// @notice Ether forced into the oracle.
    uint256 public forced;
    /// @notice Calls that didn't end as the books say they must.
    uint256 public surprises;

    constructor(
        IPhatOracle oracle,
        IWorkerRegistry registry,
        address admin,
        bytes32 measurement,
        bytes32 configHash,
        uint256[] memory keys
    ) {
        _oracle = oracle;
        _registry = registry;
        _admin = admin;
        _measurement = measurement;
        _configHash = configHash;
        _keys = keys;
        _open = new CountingConsumer(oracle);
        _obstructed = new CountingConsumer(oracle);
        _obstructed.setObstructed(true);
        for (uint256 i = 0; i < keys.length; ++i) {
            address worker = vm.addr(keys[i]);
            _activeUntil[worker] = registry.workerOf(worker).expiry;
            _operatorOf[worker] = registry.workerOf(worker).operator;
        }
    }

    function doAsk(uint256 seed, uint96 payment) external {
        address consumer = seed % 2 == 0 ? address(_open) : address(_obstructed);
        bytes memory payload = abi.encode(seed);
        IPhatOracle.Request memory request = IPhatOracle.Request({
            sequence: uint64(_requestIds.length + 1),
            parentHash: blockhash(block.number - 1),
            consumer: consumer,
            contractId: keccak256("contract"),
            minRevision: 0,
            payloadHash: keccak256(payload),
            callbackGasLimit: CALLBACK_GAS,
            maxOutput: 64,
            expiresAt: uint64(block.timestamp + 60 + seed % 600),
            payment: payment
        });
        vm.deal(consumer, payment);
        vm.prank(consumer);
        bytes32 requestId =
            _oracle.request{value: payment}(request.contractId, 0, payload, CALLBACK_GAS, 64, request.expiresAt);
        _enter(requestId, request);
    }

    function doFulfill(uint256 seed) external {
        if (_requestIds.length == 0) return;
        bytes32 requestId = _pick(seed);
        (IPhatOracle.Entry memory entry, bool believed) = _entry(requestId, _next(seed));
        bool expected = believed && _answerable(requestId);
        try _oracle.fulfill(entry.request, entry.report, entry.signatures) {
            if (!expected) ++surprises;
        } catch {
            if (expected) ++surprises;
            else ++happened["refused"];
        }
        if (expected) _close(requestId, State.Answered, address(uint160(uint256(entry.report.payee))));
    }

    function doFulfillBatch(uint256 seed) external {
        if (_requestIds.length == 0) return;
        IPhatOracle.Entry[] memory entries = new IPhatOracle.Entry[](1 + seed % 4);
        bytes32[] memory requestIds = new bytes32[](entries.length);
        bool[] memory believed = new bool[](entries.length);
        for (uint256 i = 0; i < entries.length; ++i) {
            seed = _next(seed);
            requestIds[i] = _pick(seed);
            (entries[i], believed[i]) = _entry(requestIds[i], _next(seed));
        }
        _oracle.fulfillBatch(entries);
        for (uint256 i = 0; i < entries.length; ++i) {
            if (believed[i] && _answerable(requestIds[i])) {
                _close(requestIds[i], State.Answered, address(uint160(uint256(entries[i].report.payee))));
            } else {
                // What it must have left as it was is for the invariants to compare.
                ++happened["skipped"];
            }
        }
    }

    function doRetry(uint256 seed) external {
        if (_requestIds.length == 0) return;
        bytes32 requestId = _pick(seed);
        Line storage line = _lines[requestId];
        IPhatOracle.Report memory report = _report(_next(seed));
        _obstructed.setObstructed(seed % 4 == 0);
        try _oracle.retryCallback(line.request, report.outcome, report.output, report.executedAt) {
            bool allowed = line.state == State.Answered && line.request.consumer == address(_obstructed)
                && block.timestamp <= line.request.expiresAt;
            if (!allowed) ++surprises;
            ++happened["retried"];
        } catch {}
        _obstructed.setObstructed(true);
    }

    function doCancel(uint256 seed) external {
        if (_requestIds.length == 0) return;
        bytes32 requestId = _pick(seed);
        Line storage line = _lines[requestId];
        bool expected = line.state == State.Pending && block.timestamp > line.request.expiresAt;
        try _oracle.cancel(line.request) {
            if (!expected) ++surprises;
        } catch {
            if (expected) ++surprises;
        }
        if (expected) _close(requestId, State.Cancelled, line.request.consumer);
    }

    function doWithdraw(uint256 seed) external {
        if (_creditors.length == 0) return;
        address creditor = _creditors[seed % _creditors.length];
        address till = vm.addr(_next(seed));
        uint256 before = till.balance;
        vm.prank(creditor);
        try _oracle.withdraw(payable(till)) {
            ++happened["withdrawn"];
        } catch {}
        if (till.balance - before != _credits[creditor]) ++surprises;
        _credits[creditor] = 0;
    }

    function doForceEther(uint64 amount) external {
        vm.deal(address(_oracle), address(_oracle).balance + amount);
        forced += amount;
    }

    function doPassTime(uint256 seed) external {
        vm.warp(block.timestamp + seed % 200);
        vm.roll(block.number + 1);
    }

    function doSetThreshold(uint256 seed) external {
        vm.prank(_admin);
        _oracle.setThreshold(seed % 2 == 0 ? 2 : 1);
    }

    /// @dev Seldom, and never the first two, or nothing could be answered any more.
    function doBan(uint256 seed) external {
        if (seed % 8 != 0) return;
        address worker = vm.addr(_keys[2 + (seed >> 8) % (_keys.length - 2)]);
        vm.prank(_admin);
        _registry.revoke(worker);
        _banned[worker] = true;
        ++happened["banned"];
    }

    function doTogglePair(uint256 seed) external {
        _pairAllowed = seed % 4 != 0;
        vm.startPrank(_admin);
        if (_pairAllowed) _registry.allowPair(_measurement, _configHash);
        else _registry.disallowPair(_measurement, _configHash);
        vm.stopPrank();
    }

    /// @notice How many answers to a request its consumer took.
    function answersTo(bytes32 requestId) external view returns (uint256) {
        return _open.answersTo(requestId) + _obstructed.answersTo(requestId);
    }

    /// @notice How often a consumer got back into the oracle from its callback.
    function reentries() external view returns (uint256) {
        return _open.reentries() + _obstructed.reentries();
    }

    /// @dev One of the last eight requests, so that most are neither settled nor expired.
    function _pick(uint256 seed) private view returns (bytes32) {
        uint256 count = _requestIds.length;
        return _requestIds[count - 1 - seed % (count < 8 ? count : 8)];
    }

    /// @dev A report on a request with signatures by some workers, and whether the books say that these must count.
    function _entry(bytes32 requestId, uint256 seed)
        private
        view
        returns (IPhatOracle.Entry memory entry, bool believed)
    {
        entry.request = _lines[requestId].request;
        entry.report = _report(seed);
        bytes32 digest = _oracle.reportDigest(requestId, entry.report);
        uint256 threshold = _oracle.threshold();
        // One in eight has a number of signatures of its own.
        uint256 count = (seed >> 8) % 8 == 0 ? (seed >> 16) % 3 : threshold;
        uint256[] memory keys = _signers(count, seed >> 24);
        entry.signatures = new bytes[](count);
        believed = count == threshold;
        for (uint256 i = 0; i < count; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], digest);
            entry.signatures[i] = abi.encodePacked(r, s, v);
            address worker = vm.addr(keys[i]);
            if (!_counts(worker)) believed = false;
            if (i == 0) continue;
            address previous = vm.addr(keys[i - 1]);
            if (worker <= previous || _operatorOf[worker] == _operatorOf[previous]) believed = false;
        }
    }

    /// @dev Up to two keys: ascending but for one time in eight.
    function _signers(uint256 count, uint256 seed) private view returns (uint256[] memory keys) {
        keys = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            keys[i] = _keys[(seed >> (8 * i)) % _keys.length];
        }
        bool ordered = count < 2 || vm.addr(keys[0]) < vm.addr(keys[1]);
        bool wantOrdered = (seed >> 24) % 8 != 0;
        if (count == 2 && ordered != wantOrdered) (keys[0], keys[1]) = (keys[1], keys[0]);
    }

    /// @dev One of three answers, for one of three payees.
    function _report(uint256 seed) private pure returns (IPhatOracle.Report memory) {
        address payee = vm.addr(1 + (seed >> 2) % PAYEES);
        return IPhatOracle.Report({
            outcome: uint8(seed % 3),
            output: abi.encode(seed % 3),
            executedAt: 1_800_000_000,
            payee: bytes32(uint256(uint160(payee)))
        });
    }

    function _counts(address worker) private view returns (bool) {
        return _pairAllowed && !_banned[worker] && block.timestamp <= _activeUntil[worker];
    }

    function _answerable(bytes32 requestId) private view returns (bool) {
        Line storage line = _lines[requestId];
        return line.state == State.Pending && block.timestamp <= line.request.expiresAt;
    }

    function _next(uint256 seed) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }
}
