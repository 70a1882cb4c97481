// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {AskingConsumer} from "./AskingConsumer.sol";

/// @title A consumer whose callback makes a call of its own, and remembers how it went
contract ReenteringConsumer is AskingConsumer {
    bytes private _inner;
    uint256 private _value;

    /// @notice Whether the call from within the callback succeeded.
    bool public innerOk;
    /// @notice What the call from within the callback returned or reverted with.
    bytes public innerResult;
    /// @notice How many callbacks came.
    uint256 public calls;

    constructor(IPhatOracle oracle_) AskingConsumer(oracle_) {}

    receive() external payable {}

    /// @notice Has the callback call the oracle with `inner` and `value` wei.
    function plan(bytes calldata inner, uint256 value) external {
        _inner = inner;
        _value = value;
    }

    function _onPhatReport(bytes32, uint8, bytes calldata, uint64) internal override {
        ++calls;
        (innerOk, innerResult) = address(oracle).call{value: _value}(_inner);
    }
}
