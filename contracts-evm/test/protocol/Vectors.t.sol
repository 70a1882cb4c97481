// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {PhatProtocol} from "../../src/libraries/PhatProtocol.sol";
import {OracleFixture} from "../base/OracleFixture.sol";

/// @dev The protocol's committed vectors, which the Rust crates read too: every byte must come out the same here, from
/// the library, and from the deployed contracts where they show it.
contract VectorsTest is OracleFixture {
    string private constant FILE = "../protocol/vectors.json";

    string private json;

    function setUp() public override {
        super.setUp();
        json = vm.readFile(FILE);
    }

    function test_Vectors_ContractId() public view {
        uint256 count = countOf("contractId");
        for (uint256 i = 0; i < count; ++i) {
            string memory key = entry("contractId", i);
            bytes32 id = PhatProtocol.contractId(
                word(key, ".codeHash"), data(key, ".initData"), word(key, ".owner"), word(key, ".salt")
            );
            vm.assertEq(id, word(key, ".expected"), key);
        }
    }

    function test_Vectors_RequestId() public {
        uint256 count = countOf("evmRequestId");
        for (uint256 i = 0; i < count; ++i) {
            string memory key = entry("evmRequestId", i);
            IPhatOracle.Request memory request = requestAt(string.concat(key, ".request"));
            vm.assertEq(keccak256(data(key, ".payload")), request.payloadHash, key);

            bytes32 id = PhatProtocol.requestId(number(key, ".chainId"), addressAt(key, ".oracle"), request);
            vm.assertEq(id, word(key, ".expected"), key);
            vm.assertEq(oracleAt(key).requestIdOf(request), id, key);
        }
    }

    function test_Vectors_Report() public {
        uint256 count = countOf("evmReport");
        for (uint256 i = 0; i < count; ++i) {
            string memory key = entry("evmReport", i);
            IPhatOracle.Report memory report = reportAt(string.concat(key, ".report"));
            bytes32 digest = oracleAt(key).reportDigest(word(key, ".requestId"), report);
            vm.assertEq(digest, word(key, ".digest"), key);
            vm.assertEq(ECDSA.recover(digest, data(key, ".signature")), addressAt(key, ".signer"), key);
            bytes32 slot = PhatProtocol.slotHash(report.outcome, keccak256(report.output), report.executedAt);
            vm.assertEq(slot, word(key, ".slotHash"), key);
        }
    }

    function test_Vectors_ReportData() public view {
        uint256 count = countOf("evmReportData");
        for (uint256 i = 0; i < count; ++i) {
            string memory key = entry("evmReportData", i);
            PhatProtocol.WorkerBinding memory binding = PhatProtocol.WorkerBinding({
                chainId: number(key, ".chainId"),
                registry: addressAt(key, ".registry"),
                operator: addressAt(key, ".operator"),
                worker: addressAt(key, ".worker"),
                x25519Key: word(key, ".x25519Key"),
                vrfKeyHash: word(key, ".vrfKeyHash"),
                configHash: word(key, ".configHash"),
                blockNumber: number(key, ".blockNumber"),
                blockHash: word(key, ".blockHash")
            });
            vm.assertEq(PhatProtocol.reportData(binding), data(key, ".expected"), key);
        }
    }

    function test_Vectors_SimulatedQuote() public {
        uint256 count = countOf("simulatedQuote");
        for (uint256 i = 0; i < count; ++i) {
            string memory key = entry("simulatedQuote", i);
            bytes32 measurement = word(key, ".measurement");
            bytes memory reportData = data(key, ".reportData");
            vm.assertEq(PhatProtocol.simulatedQuoteDigest(measurement, reportData), word(key, ".digest"), key);
            vm.assertEq(addressAt(key, ".signer"), vm.addr(DEVELOPMENT_KEY), key);

            bytes memory evidence = abi.encode(measurement, reportData, data(key, ".signature"));
            (bytes32 readMeasurement, bytes memory readReportData) = verifier.verify(evidence);
            vm.assertEq(readMeasurement, measurement, key);
            vm.assertEq(readReportData, reportData, key);
        }
    }

    /// @dev No contract of this project checks an owner's action, but a wallet signs it as EIP-712 says.
    function test_Vectors_OwnerAction() public view {
        bytes32 domain = keccak256(
            abi.encode(keccak256("EIP712Domain(string name,string version)"), keccak256("PhatContract"), keccak256("1"))
        );
        bytes32 typeHash =
            keccak256("OwnerAction(bytes32 contractId,uint64 nonce,uint64 notAfter,uint8 kind,bytes data)");
        uint256 count = countOf("ownerAction");
        for (uint256 i = 0; i < count; ++i) {
            string memory key = entry("ownerAction", i);
            bytes32 structHash = keccak256(
                abi.encode(
                    typeHash,
                    word(key, ".contractId"),
                    number(key, ".nonce"),
                    number(key, ".notAfter"),
                    number(key, ".kind"),
                    keccak256(data(key, ".data"))
                )
            );
            vm.assertEq(keccak256(abi.encodePacked(hex"1901", domain, structHash)), word(key, ".evmDigest"), key);
        }
    }

    /// @dev The oracle's code at an entry's oracle address, on its chain.
    function oracleAt(string memory key) private returns (IPhatOracle) {
        address where = addressAt(key, ".oracle");
        vm.etch(where, address(oracle).code);
        vm.chainId(number(key, ".chainId"));
        return IPhatOracle(where);
    }

    function requestAt(string memory key) private view returns (IPhatOracle.Request memory) {
        return IPhatOracle.Request({
            sequence: uint64(number(key, ".sequence")),
            parentHash: word(key, ".parentHash"),
            consumer: addressAt(key, ".consumer"),
            contractId: word(key, ".contractId"),
            minRevision: uint64(number(key, ".minRevision")),
            payloadHash: word(key, ".payloadHash"),
            callbackGasLimit: uint32(number(key, ".callbackGasLimit")),
            maxOutput: uint32(number(key, ".maxOutput")),
            expiresAt: uint64(number(key, ".expiresAt")),
            payment: number(key, ".payment")
        });
    }

    function reportAt(string memory key) private view returns (IPhatOracle.Report memory) {
        return IPhatOracle.Report({
            outcome: uint8(number(key, ".outcome")),
            output: data(key, ".output"),
            executedAt: uint64(number(key, ".executedAt")),
            payee: word(key, ".payee")
        });
    }

    /// @dev How many entries of a kind there are: at least one.
    function countOf(string memory kind) private view returns (uint256 count) {
        while (vm.keyExistsJson(json, entry(kind, count))) ++count;
        vm.assertTrue(count != 0, string.concat("vectors of ", kind));
    }

    function entry(string memory kind, uint256 index) private pure returns (string memory) {
        return string.concat(".", kind, "[", vm.toString(index), "]");
    }

    function number(string memory key, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(key, field));
    }

    function addressAt(string memory key, string memory field) private view returns (address) {
        return vm.parseJsonAddress(json, string.concat(key, field));
    }

    function word(string memory key, string memory field) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(key, field));
    }

    function data(string memory key, string memory field) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, string.concat(key, field));
    }
}
