import { Link, PageTitle } from '../router.tsx'

export function NotFound() {
  return (
    <>
      <PageTitle>There is nothing here</PageTitle>
      <p className="lead">
        The address is wrong, or what it names belongs to another account. <Link to="/">Go to the start</Link>
      </p>
    </>
  )
}
