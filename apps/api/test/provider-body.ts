/** What `POST /providers` takes. */
export const providerBody = {
  name: 'App',
  description: '',
  category: 'tools',
  launchUrl: 'https://a.example/',
  allowedOrigins: ['https://a.example'],
  tokensPerMinute: 1,
}
