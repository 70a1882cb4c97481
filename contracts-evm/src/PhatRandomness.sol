// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IWorkerRegistry} from "./interfaces/IWorkerRegistry.sol";
import {Ecvrf} from "./libraries/Ecvrf.sol";

/// @title What a consumer checks of a random answer
/// @notice The answer of the Phat Contract `randomness` is the output of a worker's verifiable random function for
/// keccak256(request id ‖ hash of the request's block). The id is known only once the request is made, and the hash only
/// once its block is; there is one output for the two and the worker's key, and {check} believes no other. So neither who
/// asks nor who answers can try again. Remember the number of the block when you ask:
///
///     _rolls[requestId] = Roll({player: msg.sender, blockNumber: uint64(block.number), ...});
///
/// and when you are answered hold the answer to it:
///
///     (PhatRandomness.Verdict verdict, bytes32 seed) = PhatRandomness.check(output, requestId, blockNumber, keyHash);
///
/// A bad answer is the only one that the request ever gets: take it, and ask anew, or give back what you hold. Whoever
/// answers may still withhold an answer that it doesn't like: never let silence pay.
/// @dev For chains whose `block.number` counts the blocks that its requests' logs are in; Arbitrum's doesn't.
library PhatRandomness {
    /// @notice What is wrong with an answer.
    enum Verdict {
        /// Nothing.
        Good,
        /// The answer is for another block: whoever runs the worker lied about it, or the request was moved to another
        /// block by a reorganisation after it was answered.
        WrongBlock,
        /// The chain no longer knows the block's hash, or the block isn't over: it has {MAX_AGE} blocks' time, 256 where
        /// there is no EIP-2935.
        UnknownBlock,
        /// Another key's output.
        WrongKey,
        /// The proof doesn't hold.
        InvalidProof
    }

    /// @notice The answer of `randomness`: abi.encode of these five.
    struct Answer {
        /// What the worker was told is the hash of the request's block.
        bytes32 blockHash;
        /// Which worker answers.
        address worker;
        /// Its VRF public key, compressed: 33 bytes.
        bytes publicKey;
        /// The proof, 81 bytes.
        bytes proof;
        /// What follows from the output, as the Phat Contract was told in its init data. {check} doesn't look at them.
        uint256[] words;
    }

    /// @notice How many blocks back a hash is known where there is EIP-2935.
    uint256 internal constant MAX_AGE = 8191;
    /// @notice Where EIP-2935 keeps the hashes of blocks.
    address internal constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;

    error WorkerNotActive(address worker);
    error WorkerWithoutKey(address worker);

    /// @notice Judges the answer to a request: some 400,000 gas, most of it for the proof. Reverts when `output` is no
    /// {Answer}.
    /// @param output What {PhatConsumer-_onPhatReport} gets with the outcome Ok.
    /// @param requestId The request that it answers.
    /// @param blockNumber The number of the block that the request was made in.
    /// @param keyHash The key that counts: keccak256 of the VRF public key. A consumer that pins one, or read it from the
    /// registry when it asked ({registeredKey}), leaves nobody the choice between workers' outputs.
    /// @return verdict {Verdict-Good} or what is wrong.
    /// @return seed The random value; zero unless good. What it is used for goes through {word} or {below}.
    function check(bytes calldata output, bytes32 requestId, uint256 blockNumber, bytes32 keyHash)
        internal
        view
        returns (Verdict verdict, bytes32 seed)
    {
        Answer memory answer = decode(output);
        bytes32 blockHash = hashOf(blockNumber);
        if (blockHash == 0) return (Verdict.UnknownBlock, 0);
        if (answer.blockHash != blockHash) return (Verdict.WrongBlock, 0);
        if (keccak256(answer.publicKey) != keyHash) return (Verdict.WrongKey, 0);
        (bool ok, bytes32 found) =
            Ecvrf.verify(answer.publicKey, abi.encodePacked(alpha(requestId, blockHash)), answer.proof);
        return ok ? (Verdict.Good, found) : (Verdict.InvalidProof, bytes32(0));
    }

    /// @notice The answer as the Phat Contract encodes it. Reverts when it is something else.
    function decode(bytes calldata output) internal pure returns (Answer memory answer) {
        (answer.blockHash, answer.worker, answer.publicKey, answer.proof, answer.words) =
            abi.decode(output, (bytes32, address, bytes, bytes, uint256[]));
    }

    /// @notice What the VRF is asked for a request.
    function alpha(bytes32 requestId, bytes32 blockHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(requestId, blockHash));
    }

    /// @notice A random word, one of as many as you want: different ones for different indices.
    function word(bytes32 seed, uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, index)));
    }

    /// @notice A random number from 0 to `bound` - 1, which must not be 0. It is off from uniform by less than
    /// `bound` / 2^256.
    function below(bytes32 seed, uint256 index, uint128 bound) internal pure returns (uint128) {
        // It is below a uint128.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128(word(seed, index) % bound);
    }

    /// @notice The hash of the VRF key of a worker that is active now, for {check}. Read when you ask, it pins the key
    /// for that request; read when you are answered, by the answer's `worker`, it lets each registered worker's output
    /// count, and so leaves whoever runs several the choice.
    function registeredKey(IWorkerRegistry registry, address worker) internal view returns (bytes32 keyHash) {
        require(registry.isActive(worker), WorkerNotActive(worker));
        keyHash = registry.workerOf(worker).vrfKeyHash;
        require(keyHash != 0, WorkerWithoutKey(worker));
    }

    /// @notice The hash of a block that is over; zero when the chain doesn't know it, or not yet.
    function hashOf(uint256 blockNumber) internal view returns (bytes32 blockHash) {
        blockHash = blockhash(blockNumber);
        if (blockHash == 0 && blockNumber < block.number && block.number - blockNumber <= MAX_AGE) {
            (bool ok, bytes memory found) = HISTORY.staticcall(abi.encode(blockNumber));
            // Where nothing is deployed a call succeeds, and returns nothing.
            if (ok && found.length == 32) blockHash = abi.decode(found, (bytes32));
        }
    }
}
