// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IOracleSettings} from "../../src/interfaces/IOracleSettings.sol";
import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {IWorkerRegistry} from "../../src/interfaces/IWorkerRegistry.sol";
import {Vm} from "../base/Vm.sol";
import {Answers} from "./Answers.sol";
import {Probes} from "./Probes.sol";

/// @title Drives the oracle at random, and keeps the books of it
/// @dev The fuzzer calls the `do…` functions in any order. Most of what they try is allowed, and some of it isn't: a
/// call that succeeds though the books say no, or the other way round, fails the handler, and the test with it. The
/// fuzzer prefers small and familiar numbers: what is decided by them is hashed first.
contract OracleHandler is Probes {
    IWorkerRegistry private immutable _registry;
    address private immutable _admin;
    bytes32 private immutable _measurement;
    bytes32 private immutable _configHash;
    address private immutable _till;
    // Of workers that may be banned: without the others nothing could be answered any more.
    uint256[] private _expendable;

    /// @notice Ether forced into the oracle.
    uint256 public forced;

    constructor(
        IPhatOracle oracle,
        IWorkerRegistry registry,
        address admin,
        bytes32 measurement,
        bytes32 configHash,
        uint256[] memory keys,
        uint256[] memory expendable
    ) Answers(oracle, registry, keys) {
        _registry = registry;
        _admin = admin;
        _measurement = measurement;
        _configHash = configHash;
        _expendable = expendable;
        _till = account("till");
    }

    /// @dev A few at once, or there would be little to answer. One time in four something is wrong with it.
    function doAsk(uint256 number) external {
        uint256 seed = _next(number);
        for (uint256 i = 0; i <= seed % 3; ++i) {
            seed = _next(seed);
            _ask(seed, (seed >> 8) % 4 == 0 ? 1 + (seed >> 16) % 6 : 0);
        }
    }

    function doFulfill(uint256 number) external {
        uint256 seed = _next(number);
        if (_requestIds.length == 0) return;
        Attempt memory attempt = _attempt(seed);
        _planProbe(attempt.entry.request.consumer, _next(seed));
        bool expected = !_paused && _answerable(attempt);
        (uint256 limit, bool short) = _gasLimit(seed);
        try _oracle.fulfill{gas: limit}(attempt.entry.request, attempt.entry.report, attempt.entry.signatures) {
            vm.assertTrue(expected, "an answer was taken that must be refused");
            _noteAnswer(attempt);
        } catch {
            vm.assertTrue(!expected || short, "an answer was refused that must be taken");
            ++happened[_paused ? bytes32("stopped") : bytes32("refused")];
        }
        _endProbe();
    }

    function doFulfillBatch(uint256 number) external {
        uint256 seed = _next(number);
        if (_requestIds.length == 0) return;
        Attempt[] memory attempts = new Attempt[](1 + seed % 4);
        IPhatOracle.Entry[] memory entries = new IPhatOracle.Entry[](attempts.length);
        for (uint256 i = 0; i < attempts.length; ++i) {
            seed = _next(seed);
            attempts[i] = _attempt(seed);
            entries[i] = attempts[i].entry;
        }
        _planProbe(entries[0].request.consumer, _next(seed));
        (uint256 limit, bool short) = _gasLimit(seed);
        vm.recordLogs();
        try _oracle.fulfillBatch{gas: limit}(entries) {
            vm.assertTrue(!_paused, "a batch was taken while the oracle was paused");
            uint256 end = _stoppedAt(attempts.length);
            vm.assertTrue(short || end == attempts.length, "a batch stopped with gas enough");
            for (uint256 i = 0; i < end; ++i) {
                // What it must have left as it was is for the invariants to compare.
                if (_answerable(attempts[i])) _noteAnswer(attempts[i]);
                else ++happened["skipped"];
            }
        } catch {
            vm.assertTrue(_paused || short, "a batch was refused");
        }
        _endProbe();
    }

    /// @dev Half of the times with the answer that was turned away, if there was one.
    function doRetry(uint256 number) external {
        uint256 seed = _next(number);
        if (_requestIds.length == 0) return;
        IPhatOracle.Request memory request = _request(State.TurnedAway, seed);
        bytes32 requestId = _idOf(request);
        Line storage line = _lines[requestId];
        IPhatOracle.Report memory report = _next(seed) % 2 == 0 ? line.answer : _attempt(seed).entry.report;
        _planProbe(request.consumer, _next(~seed));
        bool expected = !_paused && line.state == State.TurnedAway && _content(report) == _content(line.answer)
            && block.timestamp <= request.expiresAt && _takes(request.consumer);
        (uint256 limit, bool short) = _gasLimit(seed);
        try _oracle.retryCallback{gas: limit}(request, report.outcome, report.output, report.executedAt) {
            vm.assertTrue(expected, "a retry went through that must be refused");
            _noteLateAnswer(requestId);
        } catch {
            vm.assertTrue(!expected || short, "a retry was refused that must go through");
            ++happened["not retried"];
        }
        _endProbe();
    }

    function doCancel(uint256 number) external {
        uint256 seed = _next(number);
        if (_requestIds.length == 0) return;
        IPhatOracle.Request memory request = _request(State.Pending, seed);
        bytes32 requestId = _idOf(request);
        bool expected = _cancellable(requestId);
        try _oracle.cancel(request) {
            vm.assertTrue(expected, "a request was cancelled that must not be");
            if (_paused) ++happened["cancelled in a pause"];
            _cancel(requestId);
        } catch {
            vm.assertTrue(!expected, "a request was not cancelled that must be");
        }
    }

    /// @dev To a till, to oneself, to nobody, or to the oracle, which takes no ether. One time in eight a stranger's.
    function doWithdraw(uint256 number) external {
        uint256 seed = _next(number);
        address owner = seed % 8 == 0 ? _admin : _accounts[(seed >> 8) % _accounts.length];
        address payable to =
            payable([_till, owner, owner, _till, _till, _till, address(0), address(_oracle)][(seed >> 16) % 8]);
        uint256 due = _credits[owner];
        bool expected = due != 0 && to != address(0) && to != address(_oracle);
        uint256 before = to.balance;
        vm.prank(owner);
        try _oracle.withdraw(to) {
            vm.assertTrue(expected, "a withdrawal went through that must be refused");
            vm.assertEq(to.balance - before, due, "what was paid out");
            if (_paused) ++happened["withdrawn in a pause"];
            _payOut(owner);
        } catch {
            vm.assertTrue(!expected, "a withdrawal was refused");
        }
    }

    /// @dev By a contract's end, or as the reward of a block.
    function doForceEther(uint64 amount) external {
        if (amount % 2 == 0) {
            vm.deal(address(this), amount);
            // PUSH20 the oracle, SELFDESTRUCT: none of its code runs.
            bytes memory code = abi.encodePacked(hex"73", _oracle, hex"ff");
            assembly ("memory-safe") {
                pop(create(amount, add(code, 0x20), mload(code)))
            }
        } else {
            vm.deal(address(_oracle), address(_oracle).balance + amount);
        }
        forced += amount;
    }

    function doSendEther(uint64 amount, bytes4 selector) external {
        vm.deal(address(this), amount);
        (bool ok,) = address(_oracle).call{value: amount}(amount % 2 == 0 ? bytes("") : abi.encodePacked(selector));
        vm.assertTrue(!ok, "the oracle took ether for nothing");
    }

    function doPassTime(uint256 number) external {
        uint256 seed = _next(number);
        vm.warp(block.timestamp + seed % 100);
        vm.roll(block.number + 1);
    }

    function doObstruct(uint256 number) external {
        uint256 seed = _next(number);
        _consumerAt(seed).setObstructed((seed >> 8) % 2 == 0);
    }

    /// @dev A pause ends with the next change.
    function doChangeSettings(uint256 number) external {
        uint256 seed = _next(number);
        vm.startPrank(_admin);
        if (_paused) {
            _oracle.unpause();
            _paused = false;
        } else if (seed % 4 == 0) {
            _oracle.pause();
            _paused = true;
        } else if (seed % 4 == 1) {
            _prices = IOracleSettings.Prices({
                perRequest: uint96(seed >> 8),
                perCallbackGas: uint96(seed >> 104) >> (seed % 64),
                perPayloadByte: uint80(seed >> 32) >> (seed % 64),
                perOutputByte: uint80(seed >> 64) >> (seed % 64)
            });
            _oracle.setPrices(_prices);
        } else {
            _threshold = 1 + (seed >> 8) % 3;
            _oracle.setThreshold(uint8(_threshold));
        }
        vm.stopPrank();
    }

    function doChangeTrust(uint256 number) external {
        uint256 seed = _next(number);
        vm.startPrank(_admin);
        if (seed % 16 == 0) {
            address worker = vm.addr(_expendable[(seed >> 8) % _expendable.length]);
            _registry.revoke(worker);
            _banned[worker] = true;
            ++happened["banned"];
        } else {
            _pairAllowed = seed % 8 != 1;
            if (_pairAllowed) _registry.allowPair(_measurement, _configHash);
            else _registry.disallowPair(_measurement, _configHash);
        }
        vm.stopPrank();
    }

    /// @dev `flaw`: 0 none, otherwise what to do wrong.
    function _ask(uint256 seed, uint256 flaw) private {
        bytes memory payload = new bytes(flaw == 1 ? 16_385 : (seed >> 24) % 100);
        IPhatOracle.Request memory request = _nextRequest(_accounts[seed % 3], seed, payload);
        if (flaw == 2) request.maxOutput = 16_385;
        if (flaw == 3) request.callbackGasLimit = 5_000_001;
        if (flaw == 4) request.expiresAt = uint64(block.timestamp + 59);
        if (flaw == 5) request.expiresAt = uint64(block.timestamp + 1 days + 1);
        uint256 price = _priceOf(request, payload.length);
        // One time in two a tip.
        request.payment = flaw == 6 ? price - (price == 0 ? 0 : 1) : price + (seed >> 32) % 2 * uint32(seed >> 40);
        bool expected = !_paused && (flaw == 0 || (flaw == 6 && price == 0));
        vm.deal(request.consumer, request.consumer.balance + request.payment);
        vm.prank(request.consumer);
        (bool ok, bytes memory returned) = address(_oracle).call{value: request.payment}(_requestCall(request, payload));
        vm.assertTrue(ok == expected, "whether a request was taken");
        if (!ok) {
            ++happened["not asked"];
            return;
        }
        bytes32 requestId = _idOf(request);
        vm.assertEq(abi.decode(returned, (bytes32)), requestId, "the id of the request as it was made");
        _enter(requestId, request);
    }

    /// @dev Where a batch stopped for want of gas. If that isn't so, slots and credits tell.
    function _stoppedAt(uint256 length) private returns (uint256 end) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        end = length;
        if (logs.length == 0) return end;
        Vm.Log memory last = logs[logs.length - 1];
        if (last.topics[0] != IPhatOracle.BatchStopped.selector) return end;
        ++happened["batch stopped"];
        return abi.decode(last.data, (uint256));
    }

    /// @dev One call in eight is given gas that may not be enough.
    function _gasLimit(uint256 seed) private view returns (uint256 limit, bool short) {
        short = (seed >> 200) % 8 == 0;
        limit = short ? 100_000 + (seed >> 208) % 4_000_000 : gasleft();
    }
}
