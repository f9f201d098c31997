export { AgentFilesError, loadAgents } from './load-agents.ts'
export { parseAgent, type ParsedAgent } from './parse-agent.ts'
