// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";

/// @title What must be true of the oracle, by what was asked of it and never by what it says
abstract contract Books {
    enum State {
        Pending,
        Answered,
        Cancelled
    }

    /// @dev One request.
    struct Line {
        IPhatOracle.Request request;
        State state;
    }

    bytes32[] internal _requestIds;
    mapping(bytes32 requestId => Line) internal _lines;
    address[] internal _creditors;
    mapping(address account => uint256) internal _credits;
    mapping(address account => bool) private _isCreditor;

    /// @notice How often something happened.
    mapping(bytes32 what => uint256) public happened;

    /// @notice How many requests there are.
    function requestCount() external view returns (uint256) {
        return _requestIds.length;
    }

    /// @notice One request's id, and whether it is pending and answered.
    function requestAt(uint256 index) external view returns (bytes32 requestId, bool pending, bool answered) {
        requestId = _requestIds[index];
        State state = _lines[requestId].state;
        return (requestId, state == State.Pending, state == State.Answered);
    }

    /// @notice How many accounts were ever credited.
    function creditorCount() external view returns (uint256) {
        return _creditors.length;
    }

    /// @notice An account, and what it is owed.
    function creditorAt(uint256 index) external view returns (address account, uint256 credit) {
        return (_creditors[index], _credits[_creditors[index]]);
    }

    /// @notice What pending requests paid, and accounts are owed, together.
    function owed() external view returns (uint256 total) {
        for (uint256 i = 0; i < _requestIds.length; ++i) {
            Line storage line = _lines[_requestIds[i]];
            if (line.state == State.Pending) total += line.request.payment;
        }
        for (uint256 i = 0; i < _creditors.length; ++i) {
            total += _credits[_creditors[i]];
        }
    }

    function _enter(bytes32 requestId, IPhatOracle.Request memory request) internal {
        _requestIds.push(requestId);
        _lines[requestId].request = request;
        ++happened["asked"];
    }

    function _close(bytes32 requestId, State state, address creditor) internal {
        Line storage line = _lines[requestId];
        line.state = state;
        _credits[creditor] += line.request.payment;
        if (!_isCreditor[creditor]) {
            _isCreditor[creditor] = true;
            _creditors.push(creditor);
        }
        ++happened[state == State.Answered ? bytes32("answered") : bytes32("cancelled")];
    }
}
