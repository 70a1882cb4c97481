// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../interfaces/IPhatOracle.sol";
import {Outcome} from "../libraries/Outcome.sol";
import {PhatConsumer} from "../PhatConsumer.sol";
import {PhatRandomness} from "../PhatRandomness.sol";

/// @title An example: a die that nobody can load
/// @notice Anyone may roll who pays what the oracle asks. The Phat Contract is `randomness`; one worker's key counts.
contract Dice is PhatConsumer {
    /// @notice What is known of one roll: a slot.
    struct Roll {
        address player;
        /// The block that it was asked in.
        uint64 blockNumber;
        /// 1 to 6; 0 while nothing is known, and when it is void.
        uint8 face;
        /// It was answered, and not well: roll again.
        bool void;
    }

    /// @notice Gas of the callback: the proof, a slot that is written again, an event, and room to spare for the tries
    /// that hashing to the curve takes.
    uint32 public constant CALLBACK_GAS_LIMIT = 700_000;
    /// @notice An answer has 448 bytes.
    uint32 public constant MAX_OUTPUT = 512;

    /// @notice The Phat Contract that is asked.
    bytes32 public immutable contractId;
    /// @notice keccak256 of the VRF key whose output counts.
    bytes32 public immutable vrfKeyHash;

    mapping(bytes32 requestId => Roll) public rolls;

    /// @notice Someone rolls.
    event Rolled(bytes32 indexed requestId, address indexed player);
    /// @notice The die lies.
    event Landed(bytes32 indexed requestId, uint8 face);
    /// @notice The answer is no answer: the run failed (`outcome`), or nothing follows from what it says (`verdict`).
    event Void(bytes32 indexed requestId, uint8 outcome, PhatRandomness.Verdict verdict);

    constructor(IPhatOracle oracle_, bytes32 contractId_, bytes32 vrfKeyHash_) PhatConsumer(oracle_) {
        contractId = contractId_;
        vrfKeyHash = vrfKeyHash_;
    }

    /// @notice Rolls the die. What is sent along pays for it: {IPhatOracle-quote} at least.
    function roll() external payable returns (bytes32 requestId) {
        // The oracle is the constructor's, and calls nobody when it is asked; the id is known only then.
        // slither-disable-next-line reentrancy-benign,reentrancy-events
        requestId = _ask(contractId, 0, "", CALLBACK_GAS_LIMIT, MAX_OUTPUT, 1 hours, msg.value);
        rolls[requestId] = Roll({player: msg.sender, blockNumber: uint64(block.number), face: 0, void: false});
        emit Rolled(requestId, msg.sender);
    }

    /// @dev A bad answer is taken too: there is no other for this request.
    function _onPhatReport(bytes32 requestId, uint8 outcome, bytes calldata output, uint64) internal override {
        Roll storage rolled = rolls[requestId];
        PhatRandomness.Verdict verdict = PhatRandomness.Verdict.Good;
        // Zero without an answer.
        // slither-disable-next-line uninitialized-local
        bytes32 seed;
        if (outcome == Outcome.OK) {
            (verdict, seed) = PhatRandomness.check(output, requestId, rolled.blockNumber, vrfKeyHash);
        }
        if (outcome != Outcome.OK || verdict != PhatRandomness.Verdict.Good) {
            rolled.void = true;
            emit Void(requestId, outcome, verdict);
            return;
        }
        // 1 to 6.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint8 face = uint8(PhatRandomness.below(seed, 0, 6) + 1);
        rolled.face = face;
        emit Landed(requestId, face);
    }

    /// @notice Draws what rolls that nobody answered had paid, once they are cancelled. A sketch: anyone may have it sent
    /// anywhere.
    function refund(address payable to) external {
        _withdrawRefund(to);
    }
}
