import { Component, type ReactNode } from 'react'
import { ProblemNotice } from './notice.tsx'

/** Keeps a page that fails from taking the frame with it: the way to the other pages stays. */
export class Guard extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: undefined }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    if (this.state.error === undefined) return this.props.children
    return <ProblemNotice error={this.state.error} onRetry={() => this.setState({ error: undefined })} />
  }
}
