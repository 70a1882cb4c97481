// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IOracleSettings} from "./IOracleSettings.sol";

/// @title The on-chain end of the oracle: where a consumer asks, and a report is accepted
/// @notice A request is known by an id that is a hash of everything in it, so the oracle keeps one slot for each, and
/// every function but {request} is given the whole {Request} again. All times are unix seconds.
interface IPhatOracle is IOracleSettings {
    // A parameter is named after what it is: there is no code here to mistake it for the function.
    // slither-disable-start shadowing-local
    /// @notice One question. Its id: {PhatProtocol-requestId}.
    struct Request {
        /// The oracle's count of requests, from 1.
        uint64 sequence;
        /// Hash of the block before the request's: nobody knows an id before the request exists.
        bytes32 parentHash;
        /// Who asked, and is called back.
        address consumer;
        /// Which Phat Contract is asked: a hash of code, init data, owner and salt.
        bytes32 contractId;
        /// The least revision of the contract's state that may answer.
        uint64 minRevision;
        /// keccak256 of the payload.
        bytes32 payloadHash;
        /// The gas that the callback gets, exactly.
        uint32 callbackGasLimit;
        /// The most bytes that the answer may have.
        uint32 maxOutput;
        /// The last second in which the request can be answered.
        uint64 expiresAt;
        /// What the answer earns, in wei.
        uint256 payment;
    }

    /// @notice What a worker signs about a request. Digest: EIP-712, domain {"PhatOracle", "1", chain id, oracle}, type
    /// `Report(bytes32 requestId,uint8 outcome,bytes output,uint64 executedAt,bytes32 payee)`.
    struct Report {
        /// How the run ended: one of {Outcome}.
        uint8 outcome;
        /// The answer, or the contract's error.
        bytes output;
        /// When the worker says that it ran.
        uint64 executedAt;
        /// Who earns the payment, whoever submits: an address, left-padded with zeros.
        bytes32 payee;
    }

    /// @notice One report of a batch: what {fulfill} takes.
    struct Entry {
        Request request;
        Report report;
        bytes[] signatures;
    }

    /// @notice Why {fulfillBatch} skipped an entry; {EntrySkipped} holds the number. {fulfill} reverts with the error
    /// that is named here.
    enum SkipReason {
        /// 0: not skipped.
        None,
        /// 1: unknown, already answered, or cancelled. {RequestNotPending}
        NotPending,
        /// 2: {RequestExpired}
        Expired,
        /// 3: executed more than 300 s ahead of the block's time. {ExecutedInFuture}
        ExecutedInFuture,
        /// 4: {OutputTooLarge}
        OutputTooLarge,
        /// 5: the payee is zero, or no address. {InvalidPayee}
        InvalidPayee,
        /// 6: more or fewer signatures than the threshold. {WrongSignatureCount}
        WrongSignatureCount,
        /// 7: not 65 bytes, not v of 27 or 28, a high s, or no point. {InvalidSignature}
        InvalidSignature,
        /// 8: {SignersNotAscending}
        SignersNotAscending,
        /// 9: the signer is no active worker: never registered, expired, revoked, or its code is no longer allowed.
        /// {InactiveSigner}
        InactiveSigner,
        /// 10: two signers of one operator. {SameOperator}
        SameOperator
    }

    /// @notice A consumer asked.
    event RequestSubmitted(
        bytes32 indexed requestId, bytes32 indexed contractId, address indexed consumer, Request request, bytes payload
    );
    /// @notice A report was accepted and its payee credited. When `callbackOk` is false the answer waits for
    /// {retryCallback}.
    event RequestFulfilled(bytes32 indexed requestId, uint8 outcome, bool callbackOk, bytes32 payee);
    /// @notice A request that expired unanswered was closed, and its consumer credited.
    event RequestCancelled(bytes32 indexed requestId);
    /// @notice An answer whose callback had failed was delivered.
    event CallbackRetried(bytes32 indexed requestId);
    /// @notice An entry of a batch had no effect; `reason` is a {SkipReason}.
    event EntrySkipped(bytes32 indexed requestId, uint8 reason);
    /// @notice A batch ended early for want of gas: the entry with this index, and those after it, had no effect.
    event BatchStopped(uint256 nextIndex);
    /// @notice A credit was paid out.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    error PayloadTooLarge(uint256 length, uint256 limit);
    error MaxOutputTooLarge(uint256 maxOutput, uint256 limit);
    error CallbackGasLimitTooHigh(uint256 callbackGasLimit, uint256 limit);
    error ExpiryOutOfBounds(uint64 expiresAt, uint256 earliest, uint256 latest);
    error PaymentTooLow(uint256 payment, uint256 required);

    error RequestNotPending(bytes32 requestId, bytes32 slot);
    error RequestExpired(bytes32 requestId, uint64 expiresAt, uint256 timestamp);
    error RequestNotExpired(bytes32 requestId, uint64 expiresAt, uint256 timestamp);
    error ExecutedInFuture(bytes32 requestId, uint64 executedAt, uint256 timestamp);
    error OutputTooLarge(bytes32 requestId, uint256 length, uint32 maxOutput);
    error InvalidPayee(bytes32 requestId, bytes32 payee);
    error WrongSignatureCount(bytes32 requestId, uint256 count, uint8 threshold);
    error InvalidSignature(bytes32 requestId, uint256 index);
    error SignersNotAscending(bytes32 requestId, uint256 index, address signer);
    error InactiveSigner(bytes32 requestId, uint256 index, address signer);
    error SameOperator(bytes32 requestId, uint256 index, address signer);
    error InsufficientGas(uint256 available, uint256 required);
    error NoFailedCallback(bytes32 requestId, bytes32 slot, bytes32 expected);
    error CallbackFailed(bytes32 requestId);
    error NothingToWithdraw(address account);
    error InvalidRecipient(address to);

    error InvalidRegistry(address registry);

    /// @notice Asks a Phat Contract. The caller is the consumer, and is called back with the answer.
    /// @dev Stopped while paused. May be called from within a callback. What is paid above the quote goes with it.
    /// @param contractId Which contract to ask.
    /// @param minRevision The least revision of its state that may answer.
    /// @param payload The contract's input, at most 16 KiB.
    /// @param callbackGasLimit Gas for the callback, at most 5,000,000.
    /// @param maxOutput The most bytes that the answer may have, at most 16 KiB.
    /// @param expiresAt The last second in which the request can be answered, `minLifetime` to `maxLifetime` from now.
    /// @return requestId The request's id, which the callback will name.
    function request(
        bytes32 contractId,
        uint64 minRevision,
        bytes calldata payload,
        uint32 callbackGasLimit,
        uint32 maxOutput,
        uint64 expiresAt
    ) external payable returns (bytes32 requestId);

    /// @notice The least payment, in wei, for such a request. Reverts when {request} would refuse one of the three.
    function quote(uint32 callbackGasLimit, uint256 payloadLength, uint32 maxOutput) external view returns (uint256);

    /// @notice Answers a request: credits the report's payee, then calls the consumer.
    /// @dev Anyone may submit. Stopped while paused. A callback that fails doesn't fail the call: its answer waits for
    /// {retryCallback}. Needs gas for what it does beside g + g/63 + 40,000 + 10 × output length before the callback,
    /// where g is `callbackGasLimit`.
    /// @param signatures Exactly `threshold` of 65 bytes r‖s‖v, the signers strictly ascending, active workers, and of
    /// distinct operators.
    function fulfill(Request calldata request, Report calldata report, bytes[] calldata signatures) external;

    /// @notice Answers many requests. An entry that {fulfill} would refuse is skipped, with an event that says why; when
    /// the gas left can't cover the next entry the batch stops, with an event.
    /// @dev So a node's gas estimate can be that of a batch which stops at once. A limit that never stops is the sum of
    /// what the transaction itself costs and, for each entry, g + g/63 + 65,000 + 10 × output length + 18,000 × signatures.
    function fulfillBatch(Entry[] calldata entries) external;

    /// @notice Delivers an answer whose callback failed: anyone may, until the request expires. Forwards all gas, at
    /// least `callbackGasLimit`; reverts when the callback does. Stopped while paused.
    function retryCallback(Request calldata request, uint8 outcome, bytes calldata output, uint64 executedAt) external;

    /// @notice Closes a request that expired unanswered, and credits its consumer with the payment. Anyone may; never
    /// paused.
    function cancel(Request calldata request) external;

    /// @notice Pays the caller's whole credit out to `to`. Never paused.
    function withdraw(address payable to) external;

    /// @notice What {withdraw} would pay to `account`, in wei.
    function credits(address account) external view returns (uint256);

    /// @notice The slots of many requests: 0 none (unknown, answered or cancelled); 1 pending; otherwise the hash of an
    /// answer whose callback failed ({PhatProtocol-slotHash}).
    function slots(bytes32[] calldata requestIds) external view returns (bytes32[] memory);

    /// @notice The id of a request on this chain and oracle.
    function requestIdOf(Request calldata request) external view returns (bytes32);

    /// @notice What a worker signs for `report` on this chain and oracle.
    function reportDigest(bytes32 requestId, Report calldata report) external view returns (bytes32);

    /// @notice The sequence of the last request; 0 before the first.
    function sequence() external view returns (uint64);

    /// @notice The workers that this oracle believes ({IWorkerRegistry}).
    function registry() external view returns (address);
    // slither-disable-end shadowing-local
}
