// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../interfaces/IPhatOracle.sol";

/// @title The ids and digests that every party must agree on
/// @notice Pure functions, each with an entry in the protocol's vector file.
library PhatProtocol {
    bytes32 internal constant CONTRACT_TAG = keccak256("phat-contract/v1");
    bytes32 internal constant REQUEST_TAG = keccak256("phat-request/v1");
    bytes32 internal constant REPORT_DATA_TAG = keccak256("phat-report-data/v1");
    bytes32 internal constant SIMULATED_QUOTE_TAG = keccak256("phat-simulated-quote/v1");

    bytes32 internal constant REPORT_TYPEHASH =
        keccak256("Report(bytes32 requestId,uint8 outcome,bytes output,uint64 executedAt,bytes32 payee)");

    /// @notice What a worker's evidence vouches for.
    struct WorkerBinding {
        uint256 chainId;
        address registry;
        address operator;
        address worker;
        bytes32 x25519Key;
        bytes32 vrfKeyHash;
        bytes32 configHash;
        /// A recent block, so that old evidence registers nothing.
        uint256 blockNumber;
        bytes32 blockHash;
    }

    /// @notice The id of a Phat Contract.
    /// @param codeHash BLAKE2b-256 of the wasm bytes.
    /// @param initData The exact input of `deploy`.
    /// @param owner An EVM address left-padded with zeros, or a Substrate AccountId32; zero: nobody.
    function contractId(bytes32 codeHash, bytes memory initData, bytes32 owner, bytes32 salt)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(CONTRACT_TAG, codeHash, keccak256(initData), owner, salt));
    }

    /// @notice The id of a request. The struct has no dynamic field, so that its encoding is that of its fields in order.
    function requestId(uint256 chainId, address oracle, IPhatOracle.Request memory request)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(REQUEST_TAG, chainId, oracle, request));
    }

    /// @notice EIP-712 `hashStruct` of a report, given keccak256 of its output.
    function reportStructHash(bytes32 id, uint8 outcome, bytes32 outputHash, uint64 executedAt, bytes32 payee)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(REPORT_TYPEHASH, id, outcome, outputHash, executedAt, payee));
    }

    /// @notice What the slot of a request holds when its answer's callback failed.
    function slotHash(uint8 outcome, bytes32 outputHash, uint64 executedAt) internal pure returns (bytes32) {
        return keccak256(abi.encode(outcome, outputHash, executedAt));
    }

    /// @notice The 64 bytes that a worker's evidence vouches for when it registers. The struct has no dynamic field, so
    /// that its encoding is that of its fields in order.
    function reportData(WorkerBinding memory binding) internal pure returns (bytes memory) {
        return bytes.concat(keccak256(abi.encode(REPORT_DATA_TAG, binding)), bytes32(0));
    }

    /// @notice What the development key signs in a simulated quote.
    function simulatedQuoteDigest(bytes32 measurement, bytes memory reportData_) internal pure returns (bytes32) {
        return keccak256(abi.encode(SIMULATED_QUOTE_TAG, measurement, keccak256(reportData_)));
    }
}
