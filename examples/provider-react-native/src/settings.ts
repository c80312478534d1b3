/** Your marketplace, and what you are called there. */
export const apiUrl = 'https://api.example.com'
export const providerId = 'prv_fake'
