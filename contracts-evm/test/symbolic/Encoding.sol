// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {PhatProtocol} from "../../src/libraries/PhatProtocol.sol";

/// @title Ids and digests bind all that goes into them
/// @dev Two that are equal are made of the same: for every input, and keccak256 taken to be free of collisions.
contract EncodingChecks {
    function check_ContractId_BindsEverything(
        bytes32[3] calldata one,
        bytes32[3] calldata other,
        bytes32 oneData,
        bytes32 otherData
    ) external pure {
        bytes32 oneId = PhatProtocol.contractId(one[0], abi.encode(oneData), one[1], one[2]);
        bytes32 otherId = PhatProtocol.contractId(other[0], abi.encode(otherData), other[1], other[2]);
        if (oneId != otherId) return;
        assert(one[0] == other[0] && one[1] == other[1] && one[2] == other[2] && oneData == otherData);
    }

    function check_RequestId_BindsEverything(
        uint256[2] calldata chainIds,
        address[2] calldata oracles,
        IPhatOracle.Request calldata one,
        IPhatOracle.Request calldata other
    ) external pure {
        bytes32 oneId = PhatProtocol.requestId(chainIds[0], oracles[0], one);
        if (oneId != PhatProtocol.requestId(chainIds[1], oracles[1], other)) return;
        assert(chainIds[0] == chainIds[1] && oracles[0] == oracles[1]);
        assert(one.sequence == other.sequence);
        assert(one.parentHash == other.parentHash);
        assert(one.consumer == other.consumer);
        assert(one.contractId == other.contractId);
        assert(one.minRevision == other.minRevision);
        assert(one.payloadHash == other.payloadHash);
        assert(one.callbackGasLimit == other.callbackGasLimit);
        assert(one.maxOutput == other.maxOutput);
        assert(one.expiresAt == other.expiresAt);
        assert(one.payment == other.payment);
    }

    function check_SlotHash_BindsEverything(
        uint8[2] calldata outcomes,
        bytes32[2] calldata outputs,
        uint64[2] calldata executedAt
    ) external pure {
        bytes32 one = PhatProtocol.slotHash(outcomes[0], keccak256(abi.encode(outputs[0])), executedAt[0]);
        if (one != PhatProtocol.slotHash(outcomes[1], keccak256(abi.encode(outputs[1])), executedAt[1])) return;
        assert(outcomes[0] == outcomes[1] && outputs[0] == outputs[1] && executedAt[0] == executedAt[1]);
    }

    function check_ReportData_BindsEverything(
        PhatProtocol.WorkerBinding calldata one,
        PhatProtocol.WorkerBinding calldata other
    ) external pure {
        bytes memory reported = PhatProtocol.reportData(one);
        if (keccak256(reported) != keccak256(PhatProtocol.reportData(other))) return;
        assert(reported.length == 64);
        assert(one.chainId == other.chainId && one.registry == other.registry);
        assert(one.operator == other.operator && one.worker == other.worker);
        assert(one.x25519Key == other.x25519Key && one.vrfKeyHash == other.vrfKeyHash);
        assert(one.configHash == other.configHash);
        assert(one.blockNumber == other.blockNumber && one.blockHash == other.blockHash);
    }
}
