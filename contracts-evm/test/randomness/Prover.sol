// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ecvrf} from "../../src/libraries/Ecvrf.sol";
import {P256Points} from "../../src/libraries/P256Points.sol";

/// @dev What a worker does (RFC 9381, section 5.1), for tests whose inputs can't be known beforehand. Its nonces are
/// nobody's secret.
contract Prover {
    uint256 private immutable secret;
    bytes public publicKey;

    constructor(uint256 secret_) {
        secret = secret_;
        publicKey = Ecvrf.encode(times(Ecvrf.Point(P256Points.GX, P256Points.GY), secret_));
    }

    function prove(bytes memory alpha) external view returns (bytes memory) {
        (bool found, Ecvrf.Point memory h) = Ecvrf.encodeToCurve(publicKey, alpha);
        require(found);
        uint256 k = uint256(keccak256(abi.encode(secret, alpha))) % P256Points.N;
        bytes memory gamma = Ecvrf.encode(times(h, secret));
        bytes memory u = Ecvrf.encode(times(Ecvrf.Point(P256Points.GX, P256Points.GY), k));
        bytes memory v = Ecvrf.encode(times(h, k));
        uint256 c =
            uint256(sha256(abi.encodePacked(hex"0102", publicKey, Ecvrf.encode(h), gamma, u, v, hex"00"))) >> 128;
        uint256 s = addmod(k, mulmod(c, secret, P256Points.N), P256Points.N);
        return abi.encodePacked(gamma, uint128(c), s);
    }

    function times(Ecvrf.Point memory point, uint256 scalar) private view returns (Ecvrf.Point memory product) {
        bool found;
        (found, product.x, product.y) = P256Points.mulAdd(point.x, point.y, scalar, point.x, point.y, 0);
        require(found);
    }
}
