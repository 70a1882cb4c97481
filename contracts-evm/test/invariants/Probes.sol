// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IOracleSettings} from "../../src/interfaces/IOracleSettings.sol";
import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {ProbingConsumer} from "../consumers/ProbingConsumer.sol";
import {Answers} from "./Answers.sol";

/// @title What consumers do to the oracle from within their callbacks, and what must come of it
/// @dev To answer and to retry is refused there; to ask, to cancel and to withdraw is as good as anywhere.
abstract contract Probes is Answers {
    // One leaves no gas for a call of the oracle.
    uint32 private constant TIGHT = 300_000;
    uint32 private constant ROOMY = 3_000_000;

    enum Kind {
        None,
        Fulfill,
        FulfillBatch,
        Retry,
        Cancel,
        Withdraw,
        Ask
    }

    struct Probe {
        Kind kind;
        address consumer;
        bool done;
        // What is cancelled, or asked.
        IPhatOracle.Request request;
    }

    Probe private _probe;
    bool internal _paused;
    IOracleSettings.Prices internal _prices;

    constructor() {
        _prices = _oracle.settings().prices;
        // Two that are called back, one that isn't, and one that never asks.
        _accounts.push(address(new ProbingConsumer(_oracle)));
        _accounts.push(address(new ProbingConsumer(_oracle)));
        _accounts.push(account("consumer without code"));
        _accounts.push(account("payee"));
    }

    function _consumerAt(uint256 seed) internal view returns (ProbingConsumer) {
        return ProbingConsumer(payable(_accounts[seed % 2]));
    }

    /// @dev Whether a consumer takes answers at the moment.
    function _takes(address consumer) internal view returns (bool) {
        return consumer.code.length == 0 || !ProbingConsumer(payable(consumer)).obstructed();
    }

    function _cancellable(bytes32 requestId) internal view returns (bool) {
        Line storage line = _lines[requestId];
        return line.state == State.Pending && block.timestamp > line.request.expiresAt;
    }

    /// @dev The request that `consumer` makes next, without its payment.
    function _nextRequest(address consumer, uint256 seed, bytes memory payload)
        internal
        view
        returns (IPhatOracle.Request memory)
    {
        return IPhatOracle.Request({
            sequence: uint64(_requestIds.length + 1),
            parentHash: blockhash(block.number - 1),
            consumer: consumer,
            contractId: keccak256(abi.encode(seed % 3)),
            minRevision: uint64(seed % 5),
            payloadHash: keccak256(payload),
            callbackGasLimit: (seed >> 8) % 4 == 0 ? TIGHT : ROOMY,
            maxOutput: uint32(MAX_OUTPUT),
            expiresAt: uint64(block.timestamp + 60 + (seed >> 16) % 600),
            payment: 0
        });
    }

    function _requestCall(IPhatOracle.Request memory request, bytes memory payload)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(
            IPhatOracle.request,
            (
                request.contractId,
                request.minRevision,
                payload,
                request.callbackGasLimit,
                request.maxOutput,
                request.expiresAt
            )
        );
    }

    function _priceOf(IPhatOracle.Request memory request, uint256 payloadLength) internal view returns (uint256) {
        return uint256(_prices.perRequest) + uint256(_prices.perCallbackGas) * request.callbackGasLimit
            + uint256(_prices.perPayloadByte) * payloadLength + uint256(_prices.perOutputByte) * request.maxOutput;
    }

    /// @dev Has `consumer`, if it has code, do something in its next callback with gas enough.
    function _planProbe(address consumer, uint256 seed) internal {
        if (consumer != _accounts[0] && consumer != _accounts[1]) return;
        Kind kind = Kind(seed % (uint256(type(Kind).max) + 1));
        if (kind == Kind.None) return;
        _probe.kind = kind;
        _probe.consumer = consumer;
        bytes memory call = _probeCall(kind, consumer, _next(seed));
        ProbingConsumer(payable(consumer)).plan(call, kind == Kind.Ask ? _probe.request.payment : 0);
    }

    function _probeCall(Kind kind, address consumer, uint256 seed) private returns (bytes memory) {
        if (kind == Kind.Withdraw) return abi.encodeCall(IPhatOracle.withdraw, (payable(_accounts[3])));
        if (kind == Kind.Cancel) {
            _probe.request = _request(State.Pending, seed);
            return abi.encodeCall(IPhatOracle.cancel, (_probe.request));
        }
        if (kind == Kind.Ask) {
            IPhatOracle.Request memory request = _nextRequest(consumer, seed, "");
            request.payment = _priceOf(request, 0);
            vm.deal(consumer, consumer.balance + request.payment);
            _probe.request = request;
            return _requestCall(request, "");
        }
        if (kind == Kind.Retry) {
            Line storage line = _lines[_pickIn(State.TurnedAway, seed)];
            return abi.encodeCall(
                IPhatOracle.retryCallback,
                (line.request, line.answer.outcome, line.answer.output, line.answer.executedAt)
            );
        }
        IPhatOracle.Entry memory entry = _attempt(seed).entry;
        if (kind == Kind.Fulfill) {
            return abi.encodeCall(IPhatOracle.fulfill, (entry.request, entry.report, entry.signatures));
        }
        IPhatOracle.Entry[] memory entries = new IPhatOracle.Entry[]((seed >> 8) % 2);
        if (entries.length == 1) entries[0] = entry;
        return abi.encodeCall(IPhatOracle.fulfillBatch, (entries));
    }

    /// @dev Books an answer that was accepted, and what its consumer did then.
    function _noteAnswer(Attempt memory attempt) internal {
        IPhatOracle.Request memory request = attempt.entry.request;
        bool taken = _takes(request.consumer);
        _answer(attempt.requestId, attempt.entry.report, taken);
        if (taken && request.callbackGasLimit == ROOMY) _noteProbe(request.consumer);
    }

    /// @dev Books what a consumer did when an answer was delivered late, with whatever gas there was.
    function _noteLateAnswer(bytes32 requestId) internal {
        _takeLate(requestId);
        address consumer = _lines[requestId].request.consumer;
        if (_isProbing(consumer) && ProbingConsumer(payable(consumer)).probed()) _noteProbe(consumer);
    }

    function _endProbe() internal {
        if (_probe.kind == Kind.None) return;
        ProbingConsumer(payable(_probe.consumer)).plan("", 0);
        delete _probe;
    }

    function _isProbing(address consumer) private view returns (bool) {
        return _probe.consumer == consumer && !_probe.done;
    }

    /// @dev Books what a consumer did, if it was to do anything: once.
    function _noteProbe(address consumer) private {
        if (!_isProbing(consumer)) return;
        Kind kind = _probe.kind;
        _probe.done = true;
        vm.assertTrue(ProbingConsumer(payable(consumer)).probed(), "a callback didn't get its gas");
        bool ok = ProbingConsumer(payable(consumer)).probeOk();
        if (kind == Kind.Cancel) {
            bytes32 requestId = _idOf(_probe.request);
            vm.assertTrue(ok == _cancellable(requestId), "whether a callback could cancel");
            if (ok) _cancel(requestId);
        } else if (kind == Kind.Withdraw) {
            vm.assertTrue(ok == (_credits[consumer] != 0), "whether a callback could withdraw");
            if (ok) _payOut(consumer);
        } else if (kind == Kind.Ask) {
            vm.assertTrue(ok, "a callback couldn't ask");
            _enter(_idOf(_probe.request), _probe.request);
        } else {
            vm.assertTrue(!ok, "a callback re-entered");
        }
        ++happened[bytes32(abi.encodePacked("probe ", bytes1(uint8(48 + uint8(kind))), ok ? " ok" : " refused"))];
    }
}
