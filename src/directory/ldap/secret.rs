//! The password of the connection.

use std::path::Path;

use secrecy::SecretString;

use crate::directory::DirectoryError;
use crate::private::secret_line;

pub(super) fn read(path: &Path) -> Result<SecretString, DirectoryError> {
    secret_line(path).map_err(|reason| {
        DirectoryError::Configuration(format!("directory.password_file {}: {reason}", path.display()))
    })
}
