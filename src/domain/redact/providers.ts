/**
 * Secrets whose form identifies the issuer: one pattern each, as described by the issuers, GitHub's secret scanning and
 * gitleaks. Each begins with letters, which keeps the search fast. Case-sensitive. What follows in the same token
 * belongs to the secret. `mixed`: only when the token looks generated, because a word or a sequence of amino acids may
 * begin the same.
 */
export interface Provider {
  readonly of: string;
  readonly pattern: string;
  readonly mixed?: true;
}

const HEX = '[0-9a-f]';

export const PROVIDERS: readonly Provider[] = [
  { of: 'Anthropic', pattern: 'sk-ant-[\\w-]{10,}', mixed: true },
  {
    of: 'OpenAI and kin',
    pattern: 'sk-(?:proj|svcacct|admin|None|or-v1|lf|live|test|service)-[\\w-]{12,}',
    mixed: true,
  },
  { of: 'OpenAI and kin, plain', pattern: 'sk-(?:[A-Za-z0-9]{1,10}-)?[A-Za-z0-9]{18,}' },
  { of: 'GitHub', pattern: 'gh[pousr]_[A-Za-z0-9]{20,}' },
  { of: 'GitHub, app', pattern: 'ghs_[0-9]{1,12}_eyJ[\\w.-]{20,}' },
  { of: 'GitHub, fine-grained', pattern: 'github_pat_[A-Za-z0-9_]{16,}' },
  { of: 'GitLab', pattern: 'gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|soat|agent|oas|ffct|wt)-[\\w.-]{16,}', mixed: true },
  { of: 'Bitbucket', pattern: 'ATBB[A-Za-z0-9]{28,}', mixed: true },
  { of: 'Atlassian', pattern: 'AT[AC]TT3xFf[\\w=-]{20,}' },
  { of: 'npm', pattern: 'npm_[A-Za-z0-9]{30,}' },
  { of: 'PyPI', pattern: 'pypi-[\\w-]{40,}' },
  { of: 'RubyGems', pattern: `rubygems_${HEX}{40,}` },
  { of: 'crates.io', pattern: 'cio[A-Za-z0-9]{32}\\b', mixed: true },
  { of: 'Hugging Face', pattern: '(?:hf|api_org)_[A-Za-z0-9]{28,}' },
  { of: 'Stripe', pattern: '(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,}' },
  { of: 'Stripe, webhook', pattern: 'whsec_[A-Za-z0-9+/=]{16,}' },
  { of: 'Slack', pattern: 'xox[abceoprs](?:\\.xox[bp])?-[\\w-]{10,}', mixed: true },
  { of: 'Slack, cookie', pattern: 'xoxd-[\\w%+/=-]{20,}' },
  { of: 'Slack, app', pattern: 'xapp-[\\w-]{10,}', mixed: true },
  {
    of: 'Slack, webhook',
    pattern: 'hooks\\.slack(?:-gov)?\\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/_-]{16,}',
  },
  { of: 'Discord, webhook', pattern: 'discord(?:app)?\\.com/api/webhooks/[0-9]{5,20}/[\\w-]{30,}' },
  {
    of: 'Microsoft Teams, webhook',
    pattern: `webhook\\.office\\.com/webhookb2/[0-9a-f@-]{36,80}/IncomingWebhook/[\\w/-]{32,}`,
  },
  { of: 'Google', pattern: 'AIza[\\w-]{30,}', mixed: true },
  { of: 'Google, OAuth access', pattern: 'ya29\\.[\\w.-]{20,}' },
  { of: 'Google, OAuth refresh', pattern: '1//0[\\w-]{30,}', mixed: true },
  { of: 'Google, OAuth client', pattern: 'GOCSPX-[\\w-]{20,}' },
  { of: 'Firebase messaging', pattern: 'AAAA[\\w-]{7}:APA91b[\\w-]{100,}' },
  {
    of: 'AWS, key id',
    pattern: 'A(?:KIA(?![ACDEFGHIKLMNPQRSTVWY]{16})|(?:SIA|BIA|CCA)(?=[A-Z]{0,15}[0-9]))[A-Z0-9]{16}(?![A-Za-z0-9])',
  },
  { of: 'AWS, Bedrock', pattern: '(?:ABSKQmVkcm9ja0FQSUtleS|bedrock-api-key-)[\\w+/=-]{20,}' },
  { of: 'Alibaba', pattern: 'LTAI[A-Za-z0-9]{16,20}\\b', mixed: true },
  { of: 'Twilio', pattern: `SK${HEX}{32}\\b` },
  { of: 'SendGrid', pattern: 'SG\\.[\\w-]{16,64}\\.[\\w-]{16,}', mixed: true },
  { of: 'Mailgun', pattern: `key-${HEX}{32}\\b` },
  { of: 'Brevo', pattern: `xkeysib-${HEX}{32,}` },
  { of: 'Resend', pattern: 're_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}' },
  { of: 'Square', pattern: 'sq0(?:atp|csp|idp)-[\\w-]{20,}' },
  { of: 'Shopify', pattern: 'shp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{28,}' },
  { of: 'PayPal, Braintree', pattern: `access_token\\$(?:production|sandbox)\\$[0-9a-z]{8,20}\\$${HEX}{32}` },
  { of: 'Plaid', pattern: `access-(?:sandbox|development|production)-${HEX}{8}-[0-9a-f-]{27}` },
  { of: 'DigitalOcean', pattern: `do[opr]_v1_${HEX}{40,}` },
  { of: 'Docker', pattern: 'dckr_(?:pat|oat)_[\\w-]{20,}' },
  { of: 'Heroku', pattern: 'HRKU-[\\w-]{30,}' },
  { of: 'Fly.io', pattern: '(?:FlyV1 )?fm[12][ar]?_[A-Za-z0-9+/=]{40,}' },
  { of: 'Vercel', pattern: 'vc[piark]_[A-Za-z0-9]{20,}' },
  { of: 'Netlify', pattern: 'nfp_[A-Za-z0-9]{30,}' },
  { of: 'Supabase', pattern: `sbp_${HEX}{36,}|sb_secret_[\\w-]{20,}` },
  { of: 'PlanetScale', pattern: 'pscale_(?:tkn|pw|oauth)_[\\w.-]{28,}' },
  { of: 'Databricks', pattern: `dapi${HEX}{32}` },
  { of: 'Tailscale', pattern: 'tskey-[a-z]{2,12}-[\\w-]{16,}' },
  { of: 'HashiCorp Vault', pattern: 'hv[sbr]\\.[\\w-]{20,}', mixed: true },
  { of: 'Pulumi', pattern: `pul-${HEX}{40}` },
  { of: 'Doppler', pattern: 'dp\\.(?:pt|st|sa|ct|scim|audit)\\.[\\w.-]{30,}' },
  { of: '1Password', pattern: 'ops_eyJ[\\w+/=-]{40,}' },
  { of: 'age', pattern: 'AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{20,}' },
  { of: 'Grafana', pattern: 'glc_[A-Za-z0-9+/=]{32,}|glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}' },
  { of: 'Sentry', pattern: 'sntry[su]_[\\w+/=-]{40,}' },
  { of: 'New Relic', pattern: 'NR(?:AK|JS|II|IQ)-[\\w-]{16,}' },
  { of: 'Dynatrace', pattern: 'dt0[a-z][0-9]{2}\\.[A-Z0-9]{24}\\.[A-Z0-9]{40,}' },
  { of: 'Groq', pattern: 'gsk_[A-Za-z0-9]{40,}' },
  { of: 'xAI', pattern: 'xai-[A-Za-z0-9]{40,}' },
  { of: 'Perplexity', pattern: 'pplx-[A-Za-z0-9]{32,}' },
  { of: 'Replicate', pattern: 'r8_[A-Za-z0-9]{30,}' },
  { of: 'NVIDIA', pattern: 'nvapi-[\\w-]{40,}' },
  { of: 'Tavily', pattern: 'tvly-(?:dev-|prod-)?[A-Za-z0-9]{24,}' },
  { of: 'LangSmith', pattern: `lsv2_(?:pt|sk)_${HEX}{32}_${HEX}{10}` },
  { of: 'ElevenLabs', pattern: `sk_${HEX}{48}\\b` },
  { of: 'Linear', pattern: 'lin_(?:api|oauth)_[A-Za-z0-9]{28,}' },
  { of: 'Notion', pattern: 'ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}\\b' },
  { of: 'Figma', pattern: 'fig[du]_[\\w-]{30,}' },
  { of: 'Postman', pattern: `PMAK-${HEX}{24}-${HEX}{34}` },
  { of: 'Airtable', pattern: `pat[A-Za-z0-9]{14}\\.${HEX}{64}` },
  { of: 'HubSpot', pattern: `pat-(?:na|eu|ap)[0-9]-${HEX}{8}-[0-9a-f-]{27}` },
  { of: 'Contentful', pattern: 'CFPAT-[\\w-]{40,}' },
  { of: 'CircleCI', pattern: 'CCIPAT_[\\w-]{40,}' },
  { of: 'Buildkite', pattern: `bk[ua]a_${HEX}{40}` },
  { of: 'SonarQube', pattern: `sq[pua]_${HEX}{40}` },
  { of: 'JFrog', pattern: 'AKCp[A-Za-z0-9]{60,}', mixed: true },
  { of: 'Mapbox', pattern: 'sk\\.eyJ[\\w-]{16,}\\.[\\w-]{16,}' },
  { of: 'EasyPost', pattern: 'EZ[AT]K[A-Za-z0-9]{54}' },
  { of: 'Clojars', pattern: 'CLOJARS_[0-9a-z]{60}' },
  { of: 'Facebook', pattern: 'EAA[A-Z][A-Za-z0-9]{80,}', mixed: true },
  { of: 'Square, access', pattern: 'EAAA[\\w-]{60}(?![\\w-])', mixed: true },
  { of: 'Cloudflare, origin CA', pattern: `v1\\.0-${HEX}{24}-${HEX}{146}` },
  { of: 'OpenShift', pattern: 'sha256~[\\w-]{43}' },
  { of: 'Dropbox', pattern: 'sl\\.(?:u\\.)?[\\w-]{80,}', mixed: true },
];

/**
 * Secrets that are recognized by their middle. `before` matches what precedes it in the same token, where the hidden
 * part begins.
 */
export const PROVIDERS_BY_MIDDLE: readonly (Provider & { readonly before: RegExp })[] = [
  { of: 'Telegram, bot', before: /(?<![0-9])[0-9]{8,10}$/, pattern: ':AA[\\w-]{32,64}' },
  {
    of: 'Discord, bot',
    before: /(?<![A-Za-z0-9_](?<!\\[nrt]|\[[0-9;]{1,8}m))[MNO][\w-]{23,27}$/,
    pattern: '\\.[\\w-]{6}\\.[\\w-]{27,64}',
    mixed: true,
  },
  { of: 'Azure, client secret', before: /[\w.~-]{3}$/, pattern: '[0-9]Q~[\\w.~-]{31,64}' },
  { of: 'HashiCorp Terraform', before: /[A-Za-z0-9]{14}$/, pattern: '\\.atlasv1\\.[\\w=-]{40,120}' },
  { of: 'Mailchimp', before: /(?<![0-9a-f])[0-9a-f]{32}$/, pattern: '-us[0-9]{1,2}(?![\\w-])' },
];
