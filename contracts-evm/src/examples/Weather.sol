// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {PhatConsumer} from "../PhatConsumer.sol";
import {IPhatOracle} from "../interfaces/IPhatOracle.sol";
import {Outcome} from "../libraries/Outcome.sol";

/// @title The least consumer: asks one question, keeps the answer
/// @notice A sketch to start from: anyone may have the refund sent anywhere.
contract Weather is PhatConsumer {
    bytes32 public immutable contractId;
    mapping(bytes32 requestId => int256) public temperature;

    constructor(IPhatOracle oracle_, bytes32 contractId_) PhatConsumer(oracle_) {
        contractId = contractId_;
    }

    function ask() external payable returns (bytes32 requestId) {
        return _ask(contractId, 0, '{"city":"Lisbon"}', 60_000, 32, 1 hours, msg.value);
    }

    function _onPhatReport(bytes32 requestId, uint8 outcome, bytes calldata output, uint64) internal override {
        if (outcome == Outcome.OK) temperature[requestId] = abi.decode(output, (int256));
    }

    function refund(address payable to) external {
        _withdrawRefund(to);
    }
}
