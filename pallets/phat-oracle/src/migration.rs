//! Changes of the storage's layout. The first one is the one in use: there are none yet, and a runtime that names
//! [`Migrations`] among its migrations gets those of later releases.

/// What brings the pallet's storage from any earlier layout to [`crate::pallet::STORAGE_VERSION`].
pub type Migrations = ();
