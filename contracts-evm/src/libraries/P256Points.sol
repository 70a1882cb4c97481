// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Points of the curve P-256 (NIST SP 800-186, section 3.2.1.3)
/// @notice What {Ecvrf} takes of the curve's arithmetic: it is for checking what is public, and takes its time as its
/// input has it. Coordinates are affine; the identity has none.
library P256Points {
    /// @notice The field's prime, which leaves 3 when divided by 4.
    uint256 internal constant P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff;
    /// @notice The order of the group; its cofactor is 1.
    uint256 internal constant N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;
    /// @notice The curve is y² = x³ - 3x + B.
    uint256 internal constant B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b;
    /// @notice The generator.
    uint256 internal constant GX = 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296;
    uint256 internal constant GY = 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5;

    // (P + 1) / 4: the power that a square's root is.
    uint256 private constant ROOT = 0x3fffffffc0000000400000000000000000000000400000000000000000000000;

    /// @notice The point with this x whose y is odd or even, as SEC 1's compressed form says it.
    /// @return found Whether there is one.
    function decompress(uint256 x, bool odd) internal view returns (bool found, uint256 y) {
        if (x >= P) return (false, 0);
        uint256 square = addmod(mulmod(addmod(mulmod(x, x, P), P - 3, P), x, P), B, P);
        y = _power(square, ROOT);
        if (mulmod(y, y, P) != square) return (false, 0);
        if ((y & 1 == 1) != odd) y = P - y;
        // No point of this curve has y = 0: the order of its group is odd.
        return (true, y);
    }

    /// @notice a·(px, py) + b·(qx, qy), for points of the curve and any 256-bit a and b.
    /// @dev Straus' algorithm, which is called Shamir's trick, by two bits at a time, in Jacobian coordinates. A point
    /// takes three words in memory: X, Y and Z, zero for the identity.
    /// @return found Whether the result has coordinates: it is not the identity.
    function mulAdd(uint256 px, uint256 py, uint256 a, uint256 qx, uint256 qy, uint256 b)
        internal
        view
        returns (bool found, uint256 x, uint256 y)
    {
        // i·P + j·Q at 4i + j, for i and j below 4.
        uint256[48] memory table;
        uint256 z;
        assembly ("memory-safe") {
            // dbl-2001-b of the Explicit-Formulas Database, for a = -3. The identity stays the identity.
            function double(x1, y1, z1) -> x3, y3, z3 {
                let delta := mulmod(z1, z1, P)
                let gamma := mulmod(y1, y1, P)
                let beta := mulmod(x1, gamma, P)
                z3 := mulmod(addmod(y1, y1, P), z1, P)
                let alpha := mulmod(3, mulmod(addmod(x1, sub(P, delta), P), addmod(x1, delta, P), P), P)
                x3 := addmod(mulmod(alpha, alpha, P), sub(P, mulmod(8, beta, P)), P)
                y3 := mulmod(alpha, addmod(mulmod(4, beta, P), sub(P, x3), P), P)
                y3 := addmod(y3, sub(P, mulmod(8, mulmod(gamma, gamma, P), P)), P)
            }

            // Adds the point in memory at q: Cohen, Miyaji and Ono's addition, with every exception.
            function plus(x1, y1, z1, q) -> x3, y3, z3 {
                let z2 := mload(add(q, 0x40))
                if iszero(z2) {
                    x3 := x1
                    y3 := y1
                    z3 := z1
                    leave
                }
                if iszero(z1) {
                    x3 := mload(q)
                    y3 := mload(add(q, 0x20))
                    z3 := z2
                    leave
                }
                let t := mulmod(z2, z2, P)
                x1 := mulmod(x1, t, P)
                y1 := mulmod(y1, mulmod(t, z2, P), P)
                t := mulmod(z1, z1, P)
                let h := addmod(mulmod(mload(q), t, P), sub(P, x1), P)
                let r := addmod(mulmod(mload(add(q, 0x20)), mulmod(t, z1, P), P), sub(P, y1), P)
                if iszero(h) {
                    // The same point, or its negative: then Z stays zero.
                    // What this writes stays: `leave` comes before the rest.
                    // slither-disable-next-line write-after-write
                    if iszero(r) { x3, y3, z3 := double(mload(q), mload(add(q, 0x20)), z2) }
                    leave
                }
                z3 := mulmod(mulmod(z1, z2, P), h, P)
                t := mulmod(h, h, P)
                h := mulmod(t, h, P)
                t := mulmod(x1, t, P)
                x3 := addmod(mulmod(r, r, P), sub(P, addmod(h, addmod(t, t, P), P)), P)
                y3 := mulmod(r, addmod(t, sub(P, x3), P), P)
                y3 := addmod(y3, sub(P, mulmod(y1, h, P)), P)
            }

            function store(q, x1, y1, z1) {
                mstore(q, x1)
                mstore(add(q, 0x20), y1)
                mstore(add(q, 0x40), z1)
            }

            // Q, 2Q and 3Q; P, 2P and 3P; and their sums.
            function multiples(table_, step, x1, y1) {
                let first := add(table_, step)
                store(first, x1, y1, 1)
                let x2, y2, z2 := double(x1, y1, 1)
                store(add(first, step), x2, y2, z2)
                x2, y2, z2 := plus(x2, y2, z2, first)
                store(add(first, mul(step, 2)), x2, y2, z2)
            }

            function sums(table_) {
                for { let i := 0x180 } lt(i, 0x600) { i := add(i, 0x180) } {
                    for { let j := 0x60 } lt(j, 0x180) { j := add(j, 0x60) } {
                        let row := add(table_, i)
                        let x1, y1, z1 := plus(mload(row), mload(add(row, 0x20)), mload(add(row, 0x40)), add(table_, j))
                        store(add(row, j), x1, y1, z1)
                    }
                }
            }

            multiples(table, 0x60, qx, qy)
            multiples(table, 0x180, px, py)
            sums(table)

            for { let shift := 256 } shift {} {
                shift := sub(shift, 2)
                x, y, z := double(x, y, z)
                x, y, z := double(x, y, z)
                let index := or(shl(2, and(shr(shift, a), 3)), and(shr(shift, b), 3))
                if index { x, y, z := plus(x, y, z, add(table, mul(index, 0x60))) }
            }
        }
        if (z == 0) return (false, 0, 0);
        uint256 inverse = _power(z, P - 2);
        uint256 inverseSquare = mulmod(inverse, inverse, P);
        return (true, mulmod(x, inverseSquare, P), mulmod(y, mulmod(inverseSquare, inverse, P), P));
    }

    /// @dev base ^ exponent modulo P, by the precompile of EIP-198.
    function _power(uint256 base, uint256 exponent) private view returns (uint256 result) {
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, 0x20)
            mstore(add(input, 0x20), 0x20)
            mstore(add(input, 0x40), 0x20)
            mstore(add(input, 0x60), base)
            mstore(add(input, 0x80), exponent)
            mstore(add(input, 0xa0), P)
            // It fails for want of gas alone, and then what called it has too little left to go on with.
            if iszero(staticcall(gas(), 5, input, 0xc0, 0, 0x20)) { revert(0, 0) }
            result := mload(0)
        }
    }
}
