// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";

/// @title What must be true of the oracle, by what was asked of it and never by what it says
abstract contract Books {
    /// @dev A request's life: asked, then answered or cancelled; an answer that its consumer turned away waits until it
    /// is taken.
    enum State {
        Unknown,
        Pending,
        Answered,
        TurnedAway,
        TakenLate,
        Cancelled
    }

    /// @dev One request, and the answer that was accepted.
    struct Line {
        IPhatOracle.Request request;
        State state;
        IPhatOracle.Report answer;
    }

    bytes32[] internal _requestIds;
    mapping(bytes32 requestId => Line) internal _lines;
    // Everyone who can ever be owed something.
    address[] internal _accounts;
    mapping(address account => uint256) internal _credits;
    uint256 private _owed;

    /// @notice How often something happened.
    mapping(bytes32 what => uint256) public happened;

    /// @notice The ids of all requests.
    function requestIds() external view returns (bytes32[] memory) {
        return _requestIds;
    }

    /// @notice Who asked, and how many answers it must have taken: none or one.
    function answersDue(bytes32 requestId) external view returns (address consumer, uint256 count, bytes32 content) {
        Line storage line = _lines[requestId];
        bool taken = line.state == State.Answered || line.state == State.TakenLate;
        return (line.request.consumer, taken ? 1 : 0, taken ? _content(line.answer) : bytes32(0));
    }

    /// @notice What the slot of a request must hold.
    function slotDue(bytes32 requestId) external view returns (bytes32) {
        Line storage line = _lines[requestId];
        if (line.state == State.Pending) return bytes32(uint256(1));
        if (line.state != State.TurnedAway) return 0;
        return keccak256(abi.encode(line.answer.outcome, keccak256(line.answer.output), line.answer.executedAt));
    }

    /// @notice Everyone who can be owed something.
    function accounts() external view returns (address[] memory) {
        return _accounts;
    }

    /// @notice What an account is owed.
    function creditDue(address account) external view returns (uint256) {
        return _credits[account];
    }

    /// @notice What pending requests paid, and accounts are owed, together.
    function owed() external view returns (uint256) {
        return _owed;
    }

    function _enter(bytes32 requestId, IPhatOracle.Request memory request) internal {
        _requestIds.push(requestId);
        _lines[requestId].request = request;
        _lines[requestId].state = State.Pending;
        _owed += request.payment;
        ++happened["asked"];
    }

    function _answer(bytes32 requestId, IPhatOracle.Report memory report, bool taken) internal {
        Line storage line = _lines[requestId];
        line.state = taken ? State.Answered : State.TurnedAway;
        line.answer = report;
        _credits[address(uint160(uint256(report.payee)))] += line.request.payment;
        ++happened[taken ? bytes32("answered") : bytes32("turned away")];
    }

    function _takeLate(bytes32 requestId) internal {
        _lines[requestId].state = State.TakenLate;
        ++happened["taken late"];
    }

    function _cancel(bytes32 requestId) internal {
        Line storage line = _lines[requestId];
        line.state = State.Cancelled;
        _credits[line.request.consumer] += line.request.payment;
        ++happened["cancelled"];
    }

    function _payOut(address account) internal {
        _owed -= _credits[account];
        _credits[account] = 0;
        ++happened["withdrawn"];
    }

    function _content(IPhatOracle.Report memory report) internal pure returns (bytes32) {
        return keccak256(abi.encode(report.outcome, report.output, report.executedAt));
    }
}
