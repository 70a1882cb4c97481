// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatConsumer} from "./interfaces/IPhatConsumer.sol";
import {IPhatOracle} from "./interfaces/IPhatOracle.sol";

/// @title What a contract inherits to ask Phat Contracts
/// @notice Ask with {_ask}; be answered in {_onPhatReport}; get the payment of an unanswered request back with
/// {_withdrawRefund}, once someone has cancelled it.
abstract contract PhatConsumer is IPhatConsumer {
    /// @notice The oracle that this contract asks, and alone hears.
    IPhatOracle public immutable oracle;

    error InvalidOracle(address oracle);
    error NotTheOracle(address caller);

    constructor(IPhatOracle oracle_) {
        require(address(oracle_).code.length != 0, InvalidOracle(address(oracle_)));
        oracle = oracle_;
    }

    /// @inheritdoc IPhatConsumer
    function onPhatReport(bytes32 requestId, uint8 outcome, bytes calldata output, uint64 executedAt) external {
        if (msg.sender != address(oracle)) revert NotTheOracle(msg.sender);
        _onPhatReport(requestId, outcome, output, executedAt);
    }

    /// @dev Asks, and pays `payment` wei for it: at least {IPhatOracle-quote}. The other parameters are those of
    /// {IPhatOracle-request}, but for `lifetime`, the seconds for which the request can be answered.
    /// @return requestId What {_onPhatReport} will name.
    function _ask(
        bytes32 contractId,
        uint64 minRevision,
        bytes memory payload,
        uint32 callbackGasLimit,
        uint32 maxOutput,
        uint64 lifetime,
        uint256 payment
    ) internal returns (bytes32 requestId) {
        return oracle.request{value: payment}(
            contractId, minRevision, payload, callbackGasLimit, maxOutput, uint64(block.timestamp) + lifetime
        );
    }

    /// @dev Pays what the oracle owes this contract (the payments of its cancelled requests) out to `to`. Whoever
    /// inherits decides who may call it; without a way to call it that money stays with the oracle for ever.
    function _withdrawRefund(address payable to) internal {
        oracle.withdraw(to);
    }

    /// @dev Receives an answer, once for each request: see {IPhatConsumer-onPhatReport}. The caller has been checked.
    function _onPhatReport(bytes32 requestId, uint8 outcome, bytes calldata output, uint64 executedAt) internal virtual;
}
