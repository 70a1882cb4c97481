// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IWorkerRegistry} from "../interfaces/IWorkerRegistry.sol";
import {Outcome} from "../libraries/Outcome.sol";
import {PhatOracle} from "../PhatOracle.sol";

/// @title An oracle for consumers' own tests: whoever calls {answer} is believed
/// @notice For tests only: never ask one that holds real money. It is {PhatOracle} itself, so ids, quotes, bounds, events,
/// the callback and its gas, retries, cancelling and refunds are what a real oracle does; but its one worker's key is
/// known to everyone, and it remembers what it was asked, so that a test names a request by its id alone.
///
/// Whoever deploys it is its admin, and may set prices, lifetimes and pause it. To see what happens when nobody answers,
/// move the time beyond the request's expiry and {cancel} it.
/// @dev Remembering costs whoever asks some 250,000 gas more than a real oracle does: what a test measures of asking is
/// too much, and a callback that asks again needs as much more `callbackGasLimit` here.
contract MockPhatOracle is PhatOracle {
    // A valid signature of any digest, by whomever it recovers to: r is the x coordinate of the curve's generator, s is 1
    // and v 27. The registry takes every signer for a worker.
    bytes private constant ANYBODYS_SIGNATURE = hex"79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        hex"0000000000000000000000000000000000000000000000000000000000000001" hex"1b";

    /// @notice The request that was made last; zero before the first.
    bytes32 public lastRequestId;

    bytes32[] private _requestIds;
    mapping(bytes32 requestId => Request) private _requests;
    mapping(bytes32 requestId => bytes) private _payloads;
    mapping(bytes32 requestId => Report) private _reports;

    error UnknownRequest(bytes32 requestId);
    /// @notice No run ends so: only Ok, ContractError and EgressDenied have an output, and there is no such outcome above
    /// {Outcome-DISAGREED}.
    error ImpossibleAnswer(uint8 outcome, bytes output);
    /// @notice {fail} was told to answer well.
    error NoFailure(uint8 outcome);

    /// @dev One signature, lifetimes of a minute to 30 days, and prices that aren't zero, so that a consumer that pays
    /// nothing fails.
    constructor()
        PhatOracle(
            msg.sender,
            IWorkerRegistry(address(new EverySigner())),
            Settings({
                threshold: 1,
                minLifetime: MIN_LIFETIME,
                maxLifetime: MAX_LIFETIME,
                prices: Prices({
                    perRequest: 0.0001 ether, perCallbackGas: 1 gwei, perPayloadByte: 10 gwei, perOutputByte: 10 gwei
                })
            })
        )
    {}

    /// @inheritdoc PhatOracle
    function request(
        bytes32 contractId,
        uint64 minRevision,
        bytes calldata payload,
        uint32 callbackGasLimit,
        uint32 maxOutput,
        uint64 expiresAt
    ) public payable override returns (bytes32 requestId) {
        requestId = super.request(contractId, minRevision, payload, callbackGasLimit, maxOutput, expiresAt);
        lastRequestId = requestId;
        _requestIds.push(requestId);
        _payloads[requestId] = payload;
        _requests[requestId] = Request({
            sequence: sequence,
            parentHash: blockhash(block.number - 1),
            consumer: msg.sender,
            contractId: contractId,
            minRevision: minRevision,
            payloadHash: keccak256(payload),
            callbackGasLimit: callbackGasLimit,
            maxOutput: maxOutput,
            expiresAt: expiresAt,
            payment: msg.value
        });
    }

    /// @notice Answers a request as a worker would whose run ended with `outcome`, now. The payment is credited to the
    /// caller.
    /// @param outcome One of {Outcome}.
    /// @param output The answer, or the contract's error: at most the request's `maxOutput` bytes.
    /// @return callbackOk Whether the consumer took the answer. If not it waits for {retry}.
    function answer(bytes32 requestId, uint8 outcome, bytes memory output) external returns (bool callbackOk) {
        return _answerAt(requestId, outcome, output, uint64(block.timestamp));
    }

    /// @notice {answer} by a run of another time: at most 300 s ahead of the block's.
    function answerAt(bytes32 requestId, uint8 outcome, bytes memory output, uint64 executedAt)
        external
        returns (bool callbackOk)
    {
        return _answerAt(requestId, outcome, output, executedAt);
    }

    /// @notice {answer} with {Outcome-OK}.
    function answerOk(bytes32 requestId, bytes memory output) external returns (bool callbackOk) {
        return _answerAt(requestId, Outcome.OK, output, uint64(block.timestamp));
    }

    /// @notice {answer} by a run that failed without a word: with any outcome but {Outcome-OK}.
    function fail(bytes32 requestId, uint8 outcome) external returns (bool callbackOk) {
        require(outcome != Outcome.OK, NoFailure(outcome));
        return _answerAt(requestId, outcome, "", uint64(block.timestamp));
    }

    /// @notice {answer} by a run that failed with the contract's own error: {Outcome-CONTRACT_ERROR} or
    /// {Outcome-EGRESS_DENIED}.
    function fail(bytes32 requestId, uint8 outcome, bytes memory error_) external returns (bool callbackOk) {
        require(outcome != Outcome.OK, NoFailure(outcome));
        return _answerAt(requestId, outcome, error_, uint64(block.timestamp));
    }

    /// @notice Delivers an answer again whose callback failed, with {retryCallback}: reverts when the callback does.
    function retry(bytes32 requestId) external {
        Report memory report = _reports[requestId];
        this.retryCallback(requestOf(requestId), report.outcome, report.output, report.executedAt);
    }

    /// @notice Closes a request that expired unanswered, and credits its consumer: {cancel} with the whole request.
    function cancel(bytes32 requestId) external {
        this.cancel(requestOf(requestId));
    }

    /// @notice The whole request, as its event has it.
    function requestOf(bytes32 requestId) public view returns (Request memory found) {
        found = _requests[requestId];
        require(found.consumer != address(0), UnknownRequest(requestId));
    }

    /// @notice What the Phat Contract was asked.
    function payloadOf(bytes32 requestId) external view returns (bytes memory) {
        require(_requests[requestId].consumer != address(0), UnknownRequest(requestId));
        return _payloads[requestId];
    }

    /// @notice Whether a request is neither answered nor cancelled.
    function isPending(bytes32 requestId) public view returns (bool) {
        return _slots[requestId] == PENDING;
    }

    /// @notice The requests that are neither answered nor cancelled, the oldest first.
    function pending() external view returns (bytes32[] memory requestIds) {
        uint256 count = 0;
        for (uint256 i = 0; i < _requestIds.length; ++i) {
            if (isPending(_requestIds[i])) ++count;
        }
        requestIds = new bytes32[](count);
        for (uint256 i = _requestIds.length; count != 0; --i) {
            if (isPending(_requestIds[i - 1])) requestIds[--count] = _requestIds[i - 1];
        }
    }

    function _answerAt(bytes32 requestId, uint8 outcome, bytes memory output, uint64 executedAt)
        private
        returns (bool callbackOk)
    {
        bool hasOutput =
            outcome == Outcome.OK || outcome == Outcome.CONTRACT_ERROR || outcome == Outcome.EGRESS_DENIED;
        require(outcome <= Outcome.DISAGREED && (hasOutput || output.length == 0), ImpossibleAnswer(outcome, output));
        Report memory report = Report({
            outcome: outcome, output: output, executedAt: executedAt, payee: bytes32(uint256(uint160(msg.sender)))
        });
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = ANYBODYS_SIGNATURE;
        this.fulfill(requestOf(requestId), report, signatures);
        _reports[requestId] = report;
        return _slots[requestId] == NONE;
    }
}

/// @title A registry in which every signer is a worker, and its own operator
contract EverySigner {
    /// @notice `signer` itself. {IWorkerRegistry-activeOperatorOf}
    function activeOperatorOf(address signer) external pure returns (address) {
        return signer;
    }
}
