// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPhatOracle} from "../../src/interfaces/IPhatOracle.sol";
import {OracleFixture} from "../base/OracleFixture.sol";
import {Prover} from "./Prover.sol";

/// @dev What the tests call of the example, which is compiled apart from them.
interface IDice {
    event Rolled(bytes32 indexed requestId, address indexed player);
    event Landed(bytes32 indexed requestId, uint8 face);
    event Void(bytes32 indexed requestId, uint8 outcome, uint8 verdict);

    function roll() external payable returns (bytes32);
    function rolls(bytes32 requestId) external view returns (address player, uint64 blockNumber, uint8 face, bool void);
    function refund(address payable to) external;
}

/// @title A die, and a worker whose VRF key it trusts
abstract contract DiceFixture is OracleFixture {
    uint32 internal constant DICE_GAS = 700_000;

    IDice internal dice;
    Prover internal prover;
    address internal player;

    function setUp() public virtual override {
        super.setUp();
        prover = new Prover(keyOf("vrf key"));
        bytes memory arguments = abi.encode(oracle, CONTRACT_ID, keccak256(prover.publicKey()));
        dice = IDice(vm.deployCode("Dice.sol", arguments));
        player = account("player");
        vm.deal(player, 100 ether);
    }

    /// @dev The request that {IDice-roll} would make now.
    function nextRoll() internal view returns (IPhatOracle.Request memory request) {
        request = nextRequest(address(dice), DICE_GAS);
        request.minRevision = 0;
        request.payloadHash = keccak256("");
        request.maxOutput = 512;
    }

    function roll() internal returns (bytes32 requestId, IPhatOracle.Request memory request) {
        request = nextRoll();
        vm.prank(player);
        requestId = dice.roll{value: PAYMENT}();
        vm.assertEq(requestId, oracle.requestIdOf(request), "the request that was made");
    }

    /// @dev What `randomness` answers when the relayer says that the request is in the block with this hash.
    function answerFor(bytes32 requestId, bytes32 blockHash) internal view returns (IPhatOracle.Report memory report) {
        bytes memory proof = prover.prove(abi.encodePacked(keccak256(abi.encodePacked(requestId, blockHash))));
        uint256[] memory words = new uint256[](1);
        report = okReport();
        report.output = abi.encode(blockHash, vm.addr(firstKey), prover.publicKey(), proof, words);
    }
}
