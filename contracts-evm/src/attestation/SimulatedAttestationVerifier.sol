// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IAttestationVerifier} from "../interfaces/IAttestationVerifier.sol";
import {PhatProtocol} from "../libraries/PhatProtocol.sol";

/// @title Evidence for development: a signature where a real quote has hardware
/// @notice Proves nothing, since anyone can know the development key, whose private scalar is commonly
/// keccak256("phat-development-attestation-key/v1"). So it can only be deployed on the chain ids of development chains.
///
/// Evidence is abi.encode(bytes32 measurement, bytes reportData, bytes signature), where reportData is 64 bytes and
/// signature is 65 bytes r‖s‖v (low s, v of 27 or 28) by the development key over keccak256(abi.encode(
/// bytes32 keccak256("phat-simulated-quote/v1"), bytes32 measurement, bytes32 keccak256(reportData))), the digest signed
/// as it is, without a prefix.
contract SimulatedAttestationVerifier is IAttestationVerifier {
    uint256 private constant REPORT_DATA_LENGTH = 64;

    /// @notice The address of the key whose signatures are believed.
    address public immutable developmentKey;

    error NotADevelopmentChain(uint256 chainId);
    error InvalidDevelopmentKey(address key);
    error InvalidReportDataLength(uint256 length);
    error NotSignedByDevelopmentKey(address signer);

    constructor(address developmentKey_) {
        require(block.chainid == 31337 || block.chainid == 1337, NotADevelopmentChain(block.chainid));
        require(developmentKey_ != address(0), InvalidDevelopmentKey(developmentKey_));
        developmentKey = developmentKey_;
    }

    /// @inheritdoc IAttestationVerifier
    function verify(bytes calldata evidence)
        external
        view
        override
        returns (bytes32 measurement, bytes memory reportData)
    {
        bytes memory signature;
        (measurement, reportData, signature) = abi.decode(evidence, (bytes32, bytes, bytes));
        require(reportData.length == REPORT_DATA_LENGTH, InvalidReportDataLength(reportData.length));
        address signer = ECDSA.recover(PhatProtocol.simulatedQuoteDigest(measurement, reportData), signature);
        require(signer == developmentKey, NotSignedByDevelopmentKey(signer));
    }
}
