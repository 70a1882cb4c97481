// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {PhatConsumer} from "../../src/PhatConsumer.sol";

/// @title A consumer that keeps what it was answered, turns answers away while it is obstructed, and makes one call of
/// the oracle from within its next callback
contract ProbingConsumer is PhatConsumer {
    /// @notice How many answers to a request were taken.
    mapping(bytes32 requestId => uint256) public answersTo;
    /// @notice The hash of what was answered last.
    mapping(bytes32 requestId => bytes32) public contentOf;
    /// @notice Whether callbacks fail at the moment.
    bool public obstructed;
    /// @notice Whether the planned call was made, in a callback that didn't fail.
    bool public probed;
    /// @notice Whether that call succeeded.
    bool public probeOk;

    // What the call itself may take; a callback with less gas leaves it to the next.
    uint256 private constant PROBE_GAS = 1_000_000;

    bytes private _probe;
    uint256 private _value;

    error Obstructed();

    constructor(IPhatOracle oracle_) PhatConsumer(oracle_) {}

    /// @dev Whoever pays it is asked for more.
    receive() external payable {
        try oracle.withdraw(payable(address(this))) {} catch {}
    }

    function setObstructed(bool obstructed_) external {
        obstructed = obstructed_;
    }

    /// @notice Has the next callback call the oracle with `probe` and `value` wei; with an empty `probe`, none.
    function plan(bytes calldata probe, uint256 value) external {
        _probe = probe;
        _value = value;
        probed = false;
        probeOk = false;
    }

    function _onPhatReport(bytes32 requestId, uint8 outcome, bytes calldata output, uint64 executedAt)
        internal
        override
    {
        ++answersTo[requestId];
        contentOf[requestId] = keccak256(abi.encode(outcome, output, executedAt));
        if (_probe.length != 0 && gasleft() > PROBE_GAS) {
            bytes memory probe = _probe;
            delete _probe;
            probed = true;
            (probeOk,) = address(oracle).call{value: _value}(probe);
        }
        require(!obstructed, Obstructed());
    }
}
