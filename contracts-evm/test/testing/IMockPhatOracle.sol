// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";

/// @dev What the tests call of the mock, which is compiled apart from them.
interface IMockPhatOracle is IPhatOracle {
    error UnknownRequest(bytes32 requestId);
    error ImpossibleAnswer(uint8 outcome, bytes output);
    error NoFailure(uint8 outcome);

    function lastRequestId() external view returns (bytes32);
    function answer(bytes32 requestId, uint8 outcome, bytes memory output) external returns (bool callbackOk);
    function answerAt(bytes32 requestId, uint8 outcome, bytes memory output, uint64 executedAt)
        external
        returns (bool callbackOk);
    function answerOk(bytes32 requestId, bytes memory output) external returns (bool callbackOk);
    function fail(bytes32 requestId, uint8 outcome) external returns (bool callbackOk);
    function fail(bytes32 requestId, uint8 outcome, bytes memory error_) external returns (bool callbackOk);
    function retry(bytes32 requestId) external;
    function cancel(bytes32 requestId) external;
    function requestOf(bytes32 requestId) external view returns (Request memory);
    function payloadOf(bytes32 requestId) external view returns (bytes memory);
    function isPending(bytes32 requestId) external view returns (bool);
    function pending() external view returns (bytes32[] memory);
}
