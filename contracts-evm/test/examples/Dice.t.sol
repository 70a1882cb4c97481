// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {Outcome} from "../../src/libraries/Outcome.sol";
import {DiceFixture, IDice} from "../randomness/DiceFixture.sol";
import {Prover} from "../randomness/Prover.sol";
import {GOOD, INVALID_PROOF, UNKNOWN_BLOCK, WRONG_BLOCK, WRONG_KEY} from "../randomness/IRandomnessReader.sol";

contract DiceTest is DiceFixture {
    function test_Roll_LandsOnAFaceThatFollowsFromTheRequestAndItsBlock() public {
        bool[7] memory seen;
        for (uint256 i = 0; i < 12; ++i) {
            uint256 asked = block.number;
            (bytes32 requestId, IPhatOracle.Request memory request) = roll();
            vm.roll(asked + 1);
            (IPhatOracle.Report memory report) = answerFor(requestId, blockhash(asked));
            oracle.fulfill(request, report, signed(requestId, report));
            (address player_,, uint8 face, bool void) = dice.rolls(requestId);
            vm.assertEq(player_, player, "player");
            vm.assertTrue(face >= 1 && face <= 6 && !void, "a face");
            vm.assertEq(slotOf(requestId), 0, "the callback had gas enough");
            seen[face] = true;
        }
        uint256 faces = 0;
        for (uint256 face = 1; face <= 6; ++face) {
            if (seen[face]) ++faces;
        }
        // The requests, and so the faces, are the same on every run.
        vm.assertTrue(faces >= 3, "different faces");
    }

    function test_Roll_IsVoidWhenTheRelayerLiesAboutTheBlock() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = roll();
        vm.roll(block.number + 1);
        expectVoid(requestId, request, answerFor(requestId, keccak256("a block that suits me")), WRONG_BLOCK);
    }

    function test_Roll_IsVoidWithAProofForAnotherRequest() public {
        uint256 asked = block.number;
        (bytes32 other,) = roll();
        (bytes32 requestId, IPhatOracle.Request memory request) = roll();
        vm.roll(asked + 1);
        expectVoid(requestId, request, answerFor(other, blockhash(asked)), INVALID_PROOF);
    }

    function test_Roll_IsVoidWithAnotherWorkersKey() public {
        uint256 asked = block.number;
        (bytes32 requestId, IPhatOracle.Request memory request) = roll();
        vm.roll(asked + 1);
        prover = new Prover(keyOf("another key"));
        expectVoid(requestId, request, answerFor(requestId, blockhash(asked)), WRONG_KEY);
    }

    function test_Roll_IsVoidWhenTheAnswerIsTooOld() public {
        uint256 asked = block.number;
        (bytes32 requestId, IPhatOracle.Request memory request) = roll();
        vm.roll(asked + 1);
        bytes32 hash = blockhash(asked);
        vm.roll(asked + 257);
        expectVoid(requestId, request, answerFor(requestId, hash), UNKNOWN_BLOCK);
    }

    function test_Roll_IsVoidWhenTheRunFails() public {
        (bytes32 requestId, IPhatOracle.Request memory request) = roll();
        IPhatOracle.Report memory report = okReport();
        (report.outcome, report.output) = (Outcome.CONTRACT_ERROR, "no");
        vm.expectEmit(address(dice));
        emit IDice.Void(requestId, Outcome.CONTRACT_ERROR, GOOD);
        oracle.fulfill(request, report, signed(requestId, report));
        (,, uint8 face, bool void) = dice.rolls(requestId);
        vm.assertTrue(face == 0 && void, "void");
    }

    function test_Refund_PaysWhatNobodyAnswered() public {
        (, IPhatOracle.Request memory request) = roll();
        vm.warp(block.timestamp + LIFETIME + 1);
        oracle.cancel(request);
        dice.refund(payable(player));
        vm.assertEq(player.balance, 100 ether, "all is back");
    }

    function expectVoid(
        bytes32 requestId,
        IPhatOracle.Request memory request,
        IPhatOracle.Report memory report,
        uint8 verdict
    ) private {
        bytes[] memory signatures = signed(requestId, report);
        vm.expectEmit(address(dice));
        emit IDice.Void(requestId, Outcome.OK, verdict);
        oracle.fulfill(request, report, signatures);
        (,, uint8 face, bool void) = dice.rolls(requestId);
        vm.assertTrue(face == 0 && void, "void");
        vm.assertEq(slotOf(requestId), 0, "the callback took it");
    }
}
