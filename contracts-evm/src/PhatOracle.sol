// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IPhatConsumer} from "./interfaces/IPhatConsumer.sol";
import {IPhatOracle} from "./interfaces/IPhatOracle.sol";
import {IWorkerRegistry} from "./interfaces/IWorkerRegistry.sol";
import {OracleSettings} from "./OracleSettings.sol";
import {PhatProtocol} from "./libraries/PhatProtocol.sol";

/// @title The oracle of Phat Contracts
/// @notice Not upgradeable: its code and its registry are what they were when it was deployed.
/// @dev Money: the balance is never less than the payments of pending requests and the credits together, and equal to
/// them unless ether was forced in. It leaves by {withdraw} alone.
contract PhatOracle is OracleSettings, EIP712, ReentrancyGuardTransient {
    /// @notice How far ahead of the block's time a report may say that it was executed, in seconds.
    uint256 public constant MAX_CLOCK_SKEW = 300;

    bytes32 internal constant NONE = 0;
    bytes32 internal constant PENDING = bytes32(uint256(1));

    // What a batch sets aside, in gas, for the parts of an entry that come before the callback's own reserve: its id,
    // slot and output's hash; and for each signature a recovery and a look-up in the registry (cold).
    uint256 private constant ENTRY_RESERVE = 20_000;
    uint256 private constant SIGNATURE_RESERVE = 18_000;

    IWorkerRegistry private immutable _registry;

    mapping(bytes32 requestId => bytes32) internal _slots;
    mapping(address account => uint256) public override credits;

    constructor(address admin, IWorkerRegistry registry_, Settings memory settings_)
        OracleSettings(admin, settings_)
        EIP712("PhatOracle", "1")
    {
        require(address(registry_).code.length != 0, InvalidRegistry(address(registry_)));
        _registry = registry_;
    }

    /// @inheritdoc IPhatOracle
    function request(
        bytes32 contractId,
        uint64 minRevision,
        bytes calldata payload,
        uint32 callbackGasLimit,
        uint32 maxOutput,
        uint64 expiresAt
    ) public payable virtual whenNotPaused returns (bytes32 requestId) {
        uint256 required = quote(callbackGasLimit, payload.length, maxOutput);
        if (msg.value < required) revert PaymentTooLow(msg.value, required);
        uint256 earliest = block.timestamp + _minLifetime;
        uint256 latest = block.timestamp + _maxLifetime;
        if (expiresAt < earliest || expiresAt > latest) revert ExpiryOutOfBounds(expiresAt, earliest, latest);

        Request memory submitted = Request({
            sequence: ++sequence,
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
        requestId = PhatProtocol.requestId(block.chainid, address(this), submitted);
        _slots[requestId] = PENDING;
        emit RequestSubmitted(requestId, contractId, msg.sender, submitted, payload);
    }

    /// @inheritdoc IPhatOracle
    function fulfill(Request calldata request_, Report calldata report, bytes[] calldata signatures)
        external
        whenNotPaused
        nonReentrant
    {
        bytes32 requestId = _requestId(request_);
        SkipReason reason = _checkRequest(requestId, request_, report);
        bytes32 outputHash = keccak256(report.output);
        // Zero while no signature is to blame.
        // slither-disable-next-line uninitialized-local
        uint256 index;
        // Likewise.
        // slither-disable-next-line uninitialized-local
        address signer;
        if (reason == SkipReason.None) {
            (reason, index, signer) = _checkSignatures(_digest(requestId, report, outputHash), signatures);
        }
        if (reason != SkipReason.None) {
            _refuse(reason, requestId, request_, report, signatures.length, index, signer);
        }
        _requireCallbackGas(request_.callbackGasLimit, report.output.length);
        _answer(requestId, request_, report, outputHash);
    }

    /// @inheritdoc IPhatOracle
    function fulfillBatch(Entry[] calldata entries) external whenNotPaused nonReentrant {
        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 memoryEnd = _freeMemory();
            if (gasleft() < ENTRY_RESERVE) {
                emit BatchStopped(i);
                return;
            }
            if (!_processEntry(entries[i])) {
                emit BatchStopped(i);
                return;
            }
            // Nothing of an entry is needed after it: without this the cost of memory would grow from entry to entry.
            _resetFreeMemory(memoryEnd);
        }
    }

    /// @inheritdoc IPhatOracle
    function retryCallback(Request calldata request_, uint8 outcome, bytes calldata output, uint64 executedAt)
        external
        whenNotPaused
        nonReentrant
    {
        bytes32 requestId = _requestId(request_);
        bytes32 expected = PhatProtocol.slotHash(outcome, keccak256(output), executedAt);
        bytes32 slot = _slots[requestId];
        if (slot != expected) revert NoFailedCallback(requestId, slot, expected);
        // Expiry is in minutes and more: the seconds that a block's maker may add decide nothing.
        // slither-disable-next-line timestamp
        if (block.timestamp > request_.expiresAt) {
            revert RequestExpired(requestId, request_.expiresAt, block.timestamp);
        }
        _requireCallbackGas(request_.callbackGasLimit, output.length);

        _slots[requestId] = NONE;
        emit CallbackRetried(requestId);
        if (!_call(request_.consumer, gasleft(), requestId, outcome, output, executedAt)) {
            revert CallbackFailed(requestId);
        }
    }

    /// @inheritdoc IPhatOracle
    function cancel(Request calldata request_) external {
        bytes32 requestId = _requestId(request_);
        bytes32 slot = _slots[requestId];
        if (slot != PENDING) revert RequestNotPending(requestId, slot);
        // As in {retryCallback}.
        // slither-disable-next-line timestamp
        if (block.timestamp <= request_.expiresAt) {
            revert RequestNotExpired(requestId, request_.expiresAt, block.timestamp);
        }
        _slots[requestId] = NONE;
        credits[request_.consumer] += request_.payment;
        emit RequestCancelled(requestId);
    }

    /// @inheritdoc IPhatOracle
    function withdraw(address payable to) external {
        if (to == address(0)) revert InvalidRecipient(to);
        uint256 amount = credits[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        credits[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);
        Address.sendValue(to, amount);
    }

    /// @inheritdoc IPhatOracle
    function slots(bytes32[] calldata requestIds) external view returns (bytes32[] memory held) {
        held = new bytes32[](requestIds.length);
        for (uint256 i = 0; i < requestIds.length; ++i) {
            held[i] = _slots[requestIds[i]];
        }
    }

    /// @inheritdoc IPhatOracle
    function requestIdOf(Request calldata request_) external view returns (bytes32) {
        return PhatProtocol.requestId(block.chainid, address(this), request_);
    }

    /// @inheritdoc IPhatOracle
    function reportDigest(bytes32 requestId, Report calldata report) external view returns (bytes32) {
        return _digest(requestId, report, keccak256(report.output));
    }

    /// @inheritdoc IPhatOracle
    function registry() external view returns (address) {
        return address(_registry);
    }

    /// @dev Answers or skips one entry of a batch. False, and without effect: the gas left can't cover it.
    function _processEntry(Entry calldata entry) private returns (bool covered) {
        Request calldata request_ = entry.request;
        Report calldata report = entry.report;
        bytes32 requestId = _requestId(request_);
        SkipReason reason = _checkRequest(requestId, request_, report);
        if (reason == SkipReason.None) {
            uint256 callbackReserve = _callbackReserve(request_.callbackGasLimit, report.output.length);
            uint256 required = callbackReserve + ENTRY_RESERVE + SIGNATURE_RESERVE * entry.signatures.length;
            if (gasleft() < required) return false;
            bytes32 outputHash = keccak256(report.output);
            (reason,,) = _checkSignatures(_digest(requestId, report, outputHash), entry.signatures);
            if (reason == SkipReason.None) {
                if (gasleft() < callbackReserve) return false;
                _answer(requestId, request_, report, outputHash);
                return true;
            }
        }
        emit EntrySkipped(requestId, uint8(reason));
        return true;
    }

    /// @dev Clears the slot and credits the payee, then calls the consumer; keeps the answer's hash if that fails. The
    /// report must have been checked, and the gas too.
    function _answer(bytes32 requestId, Request calldata request_, Report calldata report, bytes32 outputHash) private {
        _slots[requestId] = NONE;
        credits[address(uint160(uint256(report.payee)))] += request_.payment;
        bool callbackOk = _call(
            request_.consumer, request_.callbackGasLimit, requestId, report.outcome, report.output, report.executedAt
        );
        if (!callbackOk) {
            _slots[requestId] = PhatProtocol.slotHash(report.outcome, outputHash, report.executedAt);
        }
        emit RequestFulfilled(requestId, report.outcome, callbackOk, report.payee);
    }

    /// @dev Calls the consumer back with at most `gasLimit`, and copies nothing of what it returns. An account without
    /// code can't be called back: that counts as success.
    function _call(
        address consumer,
        uint256 gasLimit,
        bytes32 requestId,
        uint8 outcome,
        bytes calldata output,
        uint64 executedAt
    ) private returns (bool ok) {
        if (consumer.code.length == 0) return true;
        bytes memory data = abi.encodeCall(IPhatConsumer.onPhatReport, (requestId, outcome, output, executedAt));
        assembly ("memory-safe") {
            ok := call(gasLimit, consumer, 0, add(data, 0x20), mload(data), 0, 0)
        }
    }

    /// @dev What can be checked of an entry without its signatures.
    function _checkRequest(bytes32 requestId, Request calldata request_, Report calldata report)
        private
        view
        returns (SkipReason)
    {
        if (_slots[requestId] != PENDING) return SkipReason.NotPending;
        // As in {retryCallback}.
        // slither-disable-next-line timestamp
        if (block.timestamp > request_.expiresAt) return SkipReason.Expired;
        if (report.executedAt > block.timestamp + MAX_CLOCK_SKEW) return SkipReason.ExecutedInFuture;
        if (report.output.length > request_.maxOutput) return SkipReason.OutputTooLarge;
        uint256 payee = uint256(report.payee);
        if (payee == 0 || payee > type(uint160).max) return SkipReason.InvalidPayee;
        return SkipReason.None;
    }

    /// @dev Checks that `threshold` active workers of distinct operators signed. On failure names the signature's index
    /// and, where it is known, its signer.
    function _checkSignatures(bytes32 digest, bytes[] calldata signatures)
        private
        view
        returns (SkipReason reason, uint256 index, address signer)
    {
        uint256 count = signatures.length;
        if (count != threshold) return (SkipReason.WrongSignatureCount, 0, address(0));
        address[] memory operators = new address[](count);
        // Zero, which every signer is above.
        // slither-disable-next-line uninitialized-local
        address previous;
        for (index = 0; index < count; ++index) {
            ECDSA.RecoverError failure;
            // What is ignored says more of a failure, and nothing of a signer.
            // slither-disable-next-line unused-return
            (signer, failure,) = ECDSA.tryRecoverCalldata(digest, signatures[index]);
            if (failure != ECDSA.RecoverError.NoError) return (SkipReason.InvalidSignature, index, address(0));
            if (signer <= previous) return (SkipReason.SignersNotAscending, index, signer);
            previous = signer;
            // The registry is the constructor's, and calls nobody; there are at most {MAX_THRESHOLD} signers.
            // slither-disable-next-line calls-loop
            address operator = _registry.activeOperatorOf(signer);
            if (operator == address(0)) return (SkipReason.InactiveSigner, index, signer);
            for (uint256 i = 0; i < index; ++i) {
                if (operators[i] == operator) return (SkipReason.SameOperator, index, signer);
            }
            operators[index] = operator;
        }
        return (SkipReason.None, 0, address(0));
    }

    /// @dev Reverts with the error that names `reason`, and its facts.
    function _refuse(
        SkipReason reason,
        bytes32 requestId,
        Request calldata request_,
        Report calldata report,
        uint256 signatureCount,
        uint256 index,
        address signer
    ) private view {
        if (reason == SkipReason.NotPending) {
            revert RequestNotPending(requestId, _slots[requestId]);
        }
        if (reason == SkipReason.Expired) revert RequestExpired(requestId, request_.expiresAt, block.timestamp);
        if (reason == SkipReason.ExecutedInFuture) {
            revert ExecutedInFuture(requestId, report.executedAt, block.timestamp);
        }
        if (reason == SkipReason.OutputTooLarge) {
            revert OutputTooLarge(requestId, report.output.length, request_.maxOutput);
        }
        if (reason == SkipReason.InvalidPayee) revert InvalidPayee(requestId, report.payee);
        if (reason == SkipReason.WrongSignatureCount) revert WrongSignatureCount(requestId, signatureCount, threshold);
        if (reason == SkipReason.InvalidSignature) revert InvalidSignature(requestId, index);
        if (reason == SkipReason.SignersNotAscending) revert SignersNotAscending(requestId, index, signer);
        if (reason == SkipReason.InactiveSigner) revert InactiveSigner(requestId, index, signer);
        if (reason == SkipReason.SameOperator) revert SameOperator(requestId, index, signer);
        assert(false);
    }

    /// @dev Reverts unless a callback is sure to get its gas, and the rest of the call what it needs after it.
    function _requireCallbackGas(uint256 callbackGasLimit, uint256 outputLength) private view {
        uint256 required = _callbackReserve(callbackGasLimit, outputLength);
        uint256 available = gasleft();
        if (available < required) revert InsufficientGas(available, required);
    }

    /// @dev A call passes on at most 63/64 of the gas left (EIP-150); 40,000 covers the credit, the call and the event,
    /// and 10 for each byte its copies.
    function _callbackReserve(uint256 callbackGasLimit, uint256 outputLength) private pure returns (uint256) {
        return callbackGasLimit + callbackGasLimit / 63 + 40_000 + 10 * outputLength;
    }

    /// @dev {PhatProtocol-requestId} of the words as they were sent, without decoding them. Words with bits that their
    /// types don't have give the id of no request.
    function _requestId(Request calldata request_) private view returns (bytes32 requestId) {
        bytes32 tag = PhatProtocol.REQUEST_TAG;
        assembly ("memory-safe") {
            // Beyond the free memory's beginning: scratch, which nobody needs afterwards.
            let scratch := mload(0x40)
            mstore(scratch, tag)
            mstore(add(scratch, 0x20), chainid())
            mstore(add(scratch, 0x40), address())
            // Ten fields of a word each.
            calldatacopy(add(scratch, 0x60), request_, 0x140)
            requestId := keccak256(scratch, 0x1a0)
        }
    }

    function _digest(bytes32 requestId, Report calldata report, bytes32 outputHash) private view returns (bytes32) {
        return _hashTypedDataV4(
            PhatProtocol.reportStructHash(requestId, report.outcome, outputHash, report.executedAt, report.payee)
        );
    }

    function _freeMemory() private pure returns (uint256 end) {
        assembly ("memory-safe") {
            end := mload(0x40)
        }
    }

    function _resetFreeMemory(uint256 end) private pure {
        assembly ("memory-safe") {
            mstore(0x40, end)
        }
    }
}
