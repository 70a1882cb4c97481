// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {IWorkerRegistry} from "../../src/interfaces/IWorkerRegistry.sol";
import {Test} from "../base/Test.sol";
import {Books} from "./Books.sol";

/// @title Answers, most of them sound, and whether the oracle must believe them
abstract contract Answers is Books, Test {
    uint256 internal constant MAX_OUTPUT = 64;
    // Order of the secp256k1 group (SEC 2, section 2.4.1).
    uint256 private constant GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    /// @dev An entry, the id that its request has, and whether it must be believed while that is pending.
    struct Attempt {
        IPhatOracle.Entry entry;
        bytes32 requestId;
        bool believed;
    }

    IPhatOracle internal immutable _oracle;
    // Of workers, registered and not, in ascending order of address.
    uint256[] private _keys;
    mapping(address worker => address) private _operatorOf;
    mapping(address worker => uint256) private _activeUntil;
    mapping(address worker => bool) internal _banned;
    bool internal _pairAllowed = true;
    uint256 internal _threshold = 1;

    constructor(IPhatOracle oracle, IWorkerRegistry registry, uint256[] memory keys) {
        _oracle = oracle;
        for (uint256 i = 0; i < keys.length; ++i) {
            address worker = vm.addr(keys[i]);
            _activeUntil[worker] = registry.workerOf(worker).expiry;
            _operatorOf[worker] = registry.workerOf(worker).operator;
            _keys.push(keys[i]);
            for (uint256 j = i; j > 0 && vm.addr(_keys[j]) < vm.addr(_keys[j - 1]); --j) {
                (_keys[j], _keys[j - 1]) = (_keys[j - 1], _keys[j]);
            }
        }
    }

    /// @dev An answer to one of the last requests, or to one like it that was never made.
    function _attempt(uint256 seed) internal view returns (Attempt memory attempt) {
        attempt.entry.request = _request(State.Pending, seed);
        attempt.requestId = _idOf(attempt.entry.request);
        attempt.entry.report = _report(_next(seed));
        attempt.believed = _sign(attempt, _next(~seed)) && _acceptable(attempt.entry.report);
    }

    /// @dev Whether the oracle must take an answer now.
    function _answerable(Attempt memory attempt) internal view returns (bool) {
        Line storage line = _lines[attempt.requestId];
        return attempt.believed && line.state == State.Pending && block.timestamp <= line.request.expiresAt;
    }

    /// @dev One of the last requests, three times in four one in such a state if there is one; one time in sixteen with a
    /// bit flipped in one of its fields.
    function _request(State state, uint256 seed) internal view returns (IPhatOracle.Request memory request) {
        request = _lines[(seed >> 8) % 4 == 0 ? _pick(seed) : _pickIn(state, seed)].request;
        if ((seed >> 16) % 16 != 0) return request;
        uint256 field = (seed >> 24) % 10;
        assembly ("memory-safe") {
            let word := add(request, mul(field, 0x20))
            mstore(word, xor(mload(word), 1))
        }
    }

    /// @dev One of the last eight.
    function _pick(uint256 seed) internal view returns (bytes32) {
        uint256 count = _requestIds.length;
        return _requestIds[count - 1 - seed % (count < 8 ? count : 8)];
    }

    /// @dev The first in such a state from one of the last eight on back.
    function _pickIn(State state, uint256 seed) internal view returns (bytes32) {
        uint256 count = _requestIds.length;
        for (uint256 i = count - seed % (count < 8 ? count : 8); i > 0; --i) {
            if (_lines[_requestIds[i - 1]].state == state) return _requestIds[i - 1];
        }
        return _pick(seed);
    }

    function _idOf(IPhatOracle.Request memory request) internal view returns (bytes32) {
        return keccak256(abi.encode(keccak256("phat-request/v1"), block.chainid, _oracle, request));
    }

    function _next(uint256 seed) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed)));
    }

    /// @dev One time in 32 each: too far in the future, too long, for nobody, for what is no account.
    function _report(uint256 seed) private view returns (IPhatOracle.Report memory) {
        uint256 flaw = (seed >> 32) % 32;
        bytes32 payee = bytes32(uint256(uint160(_accounts[(seed >> 8) % _accounts.length])));
        if (flaw == 2) payee = 0;
        if (flaw == 3) payee |= bytes32(uint256(1) << (160 + (seed >> 40) % 96));
        return IPhatOracle.Report({
            outcome: uint8(seed % 3),
            output: new bytes(flaw == 1 ? MAX_OUTPUT + 1 : (seed >> 16) % (MAX_OUTPUT + 1)),
            executedAt: uint64(block.timestamp + (flaw == 0 ? 301 : (seed >> 24) % 301)),
            payee: payee
        });
    }

    function _acceptable(IPhatOracle.Report memory report) private view returns (bool) {
        return report.executedAt <= block.timestamp + 300 && report.output.length <= MAX_OUTPUT && report.payee != 0
            && uint256(report.payee) <= type(uint160).max;
    }

    /// @dev Adds signatures, and says whether they must count.
    function _sign(Attempt memory attempt, uint256 seed) private view returns (bool believed) {
        bytes32 digest = _digestOf(attempt.requestId, attempt.entry.report);
        uint256[] memory keys = _signers(seed);
        // One time in eight one of four is no signature of it.
        uint256 spoilt = (seed >> 64) % 8 == 0 ? (seed >> 72) % 4 : keys.length;
        believed = keys.length == _threshold && spoilt >= keys.length;
        attempt.entry.signatures = new bytes[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            attempt.entry.signatures[i] = i == spoilt ? _spoilt(keys[i], digest, seed >> 80) : _sound(keys[i], digest);
            address worker = vm.addr(keys[i]);
            if (!_counts(worker)) believed = false;
            for (uint256 j = 0; j < i; ++j) {
                address previous = vm.addr(keys[j]);
                if (worker <= previous || _operatorOf[worker] == _operatorOf[previous]) believed = false;
            }
        }
    }

    /// @dev As many as there have to be, of workers that count, ascending, and of different operators; but one time in
    /// 16 of any, one time in eight of any that count, one time in 16 one more or less of them, and one time in eight in
    /// another order.
    function _signers(uint256 seed) private view returns (uint256[] memory keys) {
        uint256 count = _threshold;
        if (seed % 16 == 0) count = (seed >> 8) % 2 == 0 ? count + 1 : count - 1;
        keys = new uint256[](count);
        uint256 choice = (seed >> 16) % 16;
        uint256 found = 0;
        for (uint256 i = 0; i < _keys.length && found < count; ++i) {
            // Not always the first one that would do.
            if ((seed >> (24 + i)) % 2 == 0 && _keys.length - i > count - found) continue;
            address worker = vm.addr(_keys[i]);
            bool suits = choice == 0 || (choice < 3 ? _counts(worker) : _suits(worker, keys, found));
            if (suits) keys[found++] = _keys[i];
        }
        assembly ("memory-safe") {
            mstore(keys, found)
        }
        if (found > 1 && (seed >> 40) % 16 == 0) keys[0] = keys[(seed >> 48) % found];
        else if (found > 1 && (seed >> 40) % 16 == 1) (keys[0], keys[1]) = (keys[1], keys[0]);
    }

    function _suits(address worker, uint256[] memory keys, uint256 found) private view returns (bool) {
        for (uint256 i = 0; i < found; ++i) {
            if (_operatorOf[vm.addr(keys[i])] == _operatorOf[worker]) return false;
        }
        return _counts(worker);
    }

    function _counts(address worker) private view returns (bool) {
        return _operatorOf[worker] != address(0) && _pairAllowed && !_banned[worker]
            && block.timestamp <= _activeUntil[worker];
    }

    function _sound(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev Of something else, malleated, or cut off.
    function _spoilt(uint256 key, bytes32 digest, uint256 seed) private pure returns (bytes memory) {
        if (seed % 3 == 0) return _sound(key, keccak256(abi.encode(digest)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        if (seed % 3 == 1) return abi.encodePacked(r, GROUP_ORDER - uint256(s), uint8(v ^ 7));
        return abi.encodePacked(r, s);
    }

    function _digestOf(bytes32 requestId, IPhatOracle.Report memory report) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("PhatOracle"),
                keccak256("1"),
                block.chainid,
                _oracle
            )
        );
        bytes32 content = keccak256(
            abi.encode(
                keccak256("Report(bytes32 requestId,uint8 outcome,bytes output,uint64 executedAt,bytes32 payee)"),
                requestId,
                report.outcome,
                keccak256(report.output),
                report.executedAt,
                report.payee
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, content));
    }
}
